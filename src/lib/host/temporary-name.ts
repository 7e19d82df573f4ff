import { randomBytes } from "node:crypto";

/**
 * A path beside `path` for a file that is renamed to `path` once it is complete. The name can't be guessed; otherwise a
 * file or link planted there would be written to. Open it with `wx` anyway.
 */
export function temporaryName(path: string): string {
  return `${path}.${randomBytes(8).toString("hex")}.tmp`;
}
