import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../../lib/host/atomic-file.ts";
import { ed25519KeyPair, ed25519PrivateKeyObject } from "../../lib/tls/ed25519.ts";
import { errorCode } from "../../lib/errors.ts";

const ownerOnly = 0o600;

/**
 * This boot's private key (64 bytes). It is made once and kept in a file that only its owner can read, so that a
 * restarted agent has the same key. The file is in RAM: the next boot has another key.
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
    // A damaged key file was never used: a new key does no harm.
    if (errorCode(error) === "ENOENT" || error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}
