import { createHash } from "node:crypto";

/** SHA-256 of a token's secret, which is what the database stores. */
export function tokenHash(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
