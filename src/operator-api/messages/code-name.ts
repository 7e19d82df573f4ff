import { Code } from "@connectrpc/connect";

/** Connect's name of a code, such as "not_found". */
export function codeName(code: Code): string {
  return (Code[code] ?? "Unknown").replaceAll(/(?<=[a-z])[A-Z]/gu, (letter) => `_${letter}`).toLowerCase();
}
