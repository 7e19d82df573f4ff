import { hkdfSync } from "node:crypto";
import { hexText } from "../lib/format/hex.ts";

/** A key that secrets are sealed by. */
export interface SecretsKey {
  /** 16 hex digits, derived from the key. */
  id: string;
  /** 32 bytes, derived from the key: what the database compares a key of this id with. */
  checkValue: Uint8Array;
  /** What AES-256-GCM seals with. 32 bytes. */
  sealing: Uint8Array;
  /** What digests of commands are made with. 32 bytes. */
  digesting: Uint8Array;
  /** The key as a key file holds it. 32 bytes. */
  bytes: Uint8Array;
}

/** Bytes of a key. */
export const secretsKeyBytes = 32;

/** The key with all that is derived from it (HKDF-SHA-256, RFC 5869): none of its uses tells anything about another. Pure. */
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
    bytes: Uint8Array.from(bytes),
  };
}
