import { randomBytes } from "node:crypto";

/**
 * A path beside `path`, for what is renamed to it once it is whole. Nobody can guess it: a file or a link that somebody put
 * there before would otherwise be written into. It is to be opened with `wx` all the same.
 */
export function temporaryName(path: string): string {
  return `${path}.${randomBytes(8).toString("hex")}.tmp`;
}
