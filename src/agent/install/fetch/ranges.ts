// Getting the rest of a file whose beginning was fetched before (RFC 9110, 13.1.5 and 14). Pure.
import type { HttpHead } from "./http-head.ts";

type Headers = HttpHead["headers"];

/** What tells one version of a file from another. */
export interface FileVersion {
  etag: string | undefined;
  lastModified: string | undefined;
  /** Of the whole file; undefined = the server does not say. */
  bytes: bigint | undefined;
}

/** The version of a whole answer (200). */
export function fileVersion(headers: Headers): FileVersion {
  const { etag, "last-modified": lastModified, "content-length": length } = headers;
  // Where chunks are sent, a length means nothing.
  return { etag, lastModified, bytes: headers["transfer-encoding"] === undefined ? decimal(length) : undefined };
}

/** The headers that ask for all from byte `from` on, if it is still that version. */
export function rangeHeaders(from: bigint, version: FileVersion): Record<string, string> {
  // A weak tag does not promise the same bytes, and may not be used here.
  const validator = version.etag?.startsWith("W/") === false ? version.etag : version.lastModified;
  return { range: `bytes=${from}-`, ...(validator === undefined ? {} : { "if-range": validator }) };
}

/** What an answer to such a request means. */
export type Continuation =
  /** So many bytes come again before the new ones. */
  | { kind: "goes-on"; skip: bigint }
  /** It is another file now. */
  | { kind: "changed"; how: string }
  /** Neither the rest nor the whole. */
  | { kind: "refused" };

/** Reads the answer to a request for the rest from byte `from` on. */
export function continuation(
  answer: { status: number; headers: Headers },
  from: bigint,
  version: FileVersion,
): Continuation {
  const { status, headers } = answer;
  const { etag } = headers;
  if (status !== 200 && status !== 206) {
    return status === 416 ? { kind: "changed", how: `it has no byte ${from}` } : { kind: "refused" };
  }
  const range = /^bytes (?<first>\d{1,18})-\d{1,18}\/(?<total>\d{1,18}|\*)$/u.exec(
    headers["content-range"] ?? "",
  )?.groups;
  const total = decimal(status === 206 ? range?.["total"] : headers["content-length"]);
  if (total !== undefined && version.bytes !== undefined && total !== version.bytes) {
    return { kind: "changed", how: `it had ${version.bytes} bytes, and now has ${total}` };
  }
  if (etag !== undefined && version.etag !== undefined && etag !== version.etag) {
    return { kind: "changed", how: `its ETag was ${version.etag}, and now is ${etag}` };
  }
  // A server without ranges sends the whole.
  const first = status === 206 ? decimal(range?.["first"]) : 0n;
  return first === undefined || first > from ? { kind: "refused" } : { kind: "goes-on", skip: from - first };
}

function decimal(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,18}$/u.test(text) ? BigInt(text) : undefined;
}
