import { createHash } from "node:crypto";

/** SHA-256 of a token's secret. The database stores only this. */
export function tokenHash(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
