import { createHash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";

const pageTokenMessage = "expected next_page_token of the page before, unchanged, or nothing for the first page";

/** The first bytes of what a page was asked for: the next page belongs to the same. */
function fingerprint(query: unknown): string {
  return createHash("sha256").update(JSON.stringify(query)).digest("base64url").slice(0, 8);
}

/** An opaque page token: where the page ended, and which query it was a page of. */
export function queryToken(query: unknown, cursor: readonly string[] | undefined): string {
  return cursor === undefined ? "" : Buffer.from(JSON.stringify([fingerprint(query), ...cursor])).toString("base64url");
}

/**
 * Where the page before ended; undefined for the first page.
 * @throws {ConnectError} invalid_argument for a token that is none, of another query, or of which `valid` says no
 */
export function queryTokenRead(
  query: unknown,
  token: string,
  valid: (cursor: readonly string[]) => boolean,
): string[] | undefined {
  if (token === "") {
    return undefined;
  }
  const parts = tokenParts(token);
  if (parts === undefined) {
    throw new ConnectError(`page_token: ${pageTokenMessage}`, Code.InvalidArgument);
  }
  const [of, ...cursor] = parts;
  if (of !== fingerprint(query)) {
    throw new ConnectError(
      "page_token: belongs to other filters or another order: repeat them as they were, or begin with no token",
      Code.InvalidArgument,
    );
  }
  if (!valid(cursor)) {
    throw new ConnectError(`page_token: ${pageTokenMessage}`, Code.InvalidArgument);
  }
  return cursor;
}

/** Tokens are made of names, numbers and ids: none is longer. */
const tokenLimit = 1_024;

/** The strings in a token; undefined where it is none of ours. */
export function tokenParts(token: string, limit: number = tokenLimit): string[] | undefined {
  if (token.length > limit || !/^[\w-]+$/u.test(token)) {
    return undefined;
  }
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    return Array.isArray(parts) &&
      parts.every((part) => typeof part === "string" && !part.includes("\0") && part.isWellFormed())
      ? parts
      : undefined;
  } catch {
    // Somebody else's, or cut.
    return undefined;
  }
}

/** True for the text of an int64, 0 or more. */
export function isCount(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,18}$/u.test(text);
}
