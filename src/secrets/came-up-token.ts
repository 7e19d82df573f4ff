import { createHash, randomBytes } from "node:crypto";

/** Makes the one-time token by which an installed system reports that it came up: 32 random bytes. */
export function cameUpToken(): string {
  return randomBytes(32).toString("base64url");
}

/** SHA-256 of a token: all that the database has of it outside the sealed request. Pure. */
export function cameUpTokenDigest(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}
