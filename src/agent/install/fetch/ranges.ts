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
  /** `skip` bytes come again before the new ones. `otherTag`: the ETag is another one, as where mirrors share a name. */
  | { kind: "goes-on"; skip: bigint; otherTag?: string }
  /** There is nothing behind what has come. */
  | { kind: "end" }
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
  if (status === 416) {
    return unsatisfied(headers, from, version);
  }
  if (status !== 200 && status !== 206) {
    return { kind: "refused" };
  }
  const range = /^bytes (?<first>\d{1,18})-\d{1,18}\/(?<total>\d{1,18}|\*)$/u.exec(
    headers["content-range"] ?? "",
  )?.groups;
  const total = decimal(status === 206 ? range?.["total"] : headers["content-length"]);
  if (total !== undefined && version.bytes !== undefined && total !== version.bytes) {
    return { kind: "changed", how: `it had ${version.bytes} bytes, and now has ${total}` };
  }
  // A server without ranges sends the whole.
  const first = status === 206 ? decimal(range?.["first"]) : 0n;
  if (first === undefined || first > from) {
    return { kind: "refused" };
  }
  // The request's digest decides whether it is the same file.
  const other = etag !== undefined && version.etag !== undefined && etag !== version.etag;
  return { kind: "goes-on", skip: from - first, ...(other ? { otherTag: etag } : {}) };
}

/** 416: the file ends at `from`, or before. Its answer says how long it is (RFC 9110, 15.5.17), but need not. */
function unsatisfied(headers: Headers, from: bigint, version: FileVersion): Continuation {
  const told = /^bytes \*\/(?<total>\d{1,18})$/u.exec(headers["content-range"] ?? "")?.groups?.["total"];
  const total = decimal(told) ?? version.bytes ?? from;
  return total === from
    ? { kind: "end" }
    : { kind: "changed", how: `it had more than ${from} bytes, and now has ${total}` };
}

function decimal(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,18}$/u.test(text) ? BigInt(text) : undefined;
}
