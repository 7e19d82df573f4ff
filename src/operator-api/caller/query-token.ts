import { createHash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";

const pageTokenMessage = "expected next_page_token of the previous page, unchanged, or nothing for the first page";

/** The first bytes of a hash of the query, which ties a page token to it. */
function fingerprint(query: unknown): string {
  return createHash("sha256").update(JSON.stringify(query)).digest("base64url").slice(0, 8);
}

/** An opaque page token: the position where the page ended, and a fingerprint of its query. */
export function queryToken(query: unknown, cursor: readonly string[] | undefined): string {
  return cursor === undefined ? "" : Buffer.from(JSON.stringify([fingerprint(query), ...cursor])).toString("base64url");
}

/**
 * Reads the position where the previous page ended; undefined for the first page.
 * @throws {ConnectError} invalid_argument if the token is not one of this server's, belongs to another query, or fails
 * `valid`
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
      "page_token: belongs to a request with other filters or another order: repeat that request's filters and order, or begin without a token",
      Code.InvalidArgument,
    );
  }
  if (!valid(cursor)) {
    throw new ConnectError(`page_token: ${pageTokenMessage}`, Code.InvalidArgument);
  }
  return cursor;
}

/** Tokens consist of names, numbers and ids; none is longer. */
const tokenLimit = 1_024;

/** The strings in a token; undefined if it is not one of this server's. */
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
    // Not this server's, or cut off.
    return undefined;
  }
}

/** True for the text of an int64 that is 0 or more. */
export function isCount(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,18}$/u.test(text);
}
