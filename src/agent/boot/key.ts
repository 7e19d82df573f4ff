import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../../lib/host/atomic-file.ts";
import { ed25519KeyPair, ed25519PrivateKeyObject } from "../../lib/tls/ed25519.ts";
import { errorCode } from "../../lib/errors.ts";

const ownerOnly = 0o600;

/**
 * This boot's private key (64 bytes): made once, kept in a file for its owner alone, so that an agent that was started again is the same
 * one. The file lies in memory: the next boot has another key.
 */
export async function bootKey(path: string): Promise<Uint8Array> {
  const kept = await keyRead(path);
  if (kept !== undefined) {
    return kept;
  }
  const { privateKey } = ed25519KeyPair();
  await writeFileAtomic(path, privateKey, { mode: ownerOnly, replace: true });
  return privateKey;
}

async function keyRead(path: string): Promise<Uint8Array | undefined> {
  try {
    const key = await readFile(path);
    ed25519PrivateKeyObject(key);
    return key;
  } catch (error) {
    // One that is no key was never shown to anybody: a new one is as good.
    if (errorCode(error) === "ENOENT" || error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}
