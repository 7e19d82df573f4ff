import { hkdfSync } from "node:crypto";
import { hexText } from "../lib/format/hex.ts";

/** A key that seals secrets. */
export interface SecretsKey {
  /** 16 hex digits, derived from the key. */
  id: string;
  /** 32 bytes, derived from the key. The database stores it, to compare keys with the same id. */
  checkValue: Uint8Array;
  /** The key for AES-256-GCM. 32 bytes. */
  sealing: Uint8Array;
  /** The key for digests of commands. 32 bytes. */
  digesting: Uint8Array;
  /** The key for URLs of cached images. 32 bytes. */
  mirroring: Uint8Array;
  /** The key as in the key file. 32 bytes. */
  bytes: Uint8Array;
}

/** Length of a key in bytes. */
export const secretsKeyBytes = 32;

/** Derives everything from a key (HKDF-SHA-256, RFC 5869). No derived value reveals anything about another. Pure. */
export function secretsKey(bytes: Uint8Array): SecretsKey {
  if (bytes.length !== secretsKeyBytes) {
    throw new RangeError(`a key of ${bytes.length} bytes: expected ${secretsKeyBytes}`);
  }
  const derived = (use: string, length: number): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", bytes, "", `farrier secrets ${use}`, length));
  return {
    id: hexText(derived("id", 8)),
    checkValue: derived("check", 32),
    sealing: derived("sealing", 32),
    digesting: derived("digests", 32),
    mirroring: derived("mirrors", 32),
    bytes: Uint8Array.from(bytes),
  };
}
