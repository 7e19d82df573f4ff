// Fetching the rest of a file after its beginning (RFC 9110, 13.1.5 and 14). Pure.
import type { HttpHead } from "./http-head.ts";
import { defined } from "../../../lib/defined.ts";

type Headers = HttpHead["headers"];

/** Identifies a version of a file. */
export interface FileVersion {
  etag: string | undefined;
  lastModified: string | undefined;
  /** Size of the whole file; undefined if the server does not announce it. */
  bytes: bigint | undefined;
}

/** The version of a whole answer (200). */
export function fileVersion(headers: Headers): FileVersion {
  const { etag, "last-modified": lastModified, "content-length": length } = headers;
  // With chunked encoding a length means nothing.
  return { etag, lastModified, bytes: headers["transfer-encoding"] === undefined ? decimal(length) : undefined };
}

/** The headers that ask for everything from byte `from` on, if the file is still that version. */
export function rangeHeaders(from: bigint, version: FileVersion): Record<string, string> {
  // A weak tag does not promise the same bytes, and is not allowed here.
  const validator = version.etag?.startsWith("W/") === false ? version.etag : version.lastModified;
  return { range: `bytes=${from}-`, ...defined({ "if-range": validator }) };
}

/** The meaning of an answer to such a request. */
export type Continuation =
  /** `skip` bytes are repeated before the new ones. `otherTag`: the ETag differs, as with mirrors under one name. */
  | { kind: "goes-on"; skip: bigint; otherTag?: string }
  /** There is nothing after the received bytes. */
  | { kind: "end" }
  /** The file has changed. */
  | { kind: "changed"; how: string }
  /** Neither the rest nor the whole. */
  | { kind: "refused" };

/** Interprets the answer to a request for the rest from byte `from` on. */
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
  // A server without range requests sends the whole file.
  const first = status === 206 ? decimal(range?.["first"]) : 0n;
  if (first === undefined || first > from) {
    return { kind: "refused" };
  }
  // The request's digest decides whether it is the same file.
  const other = etag !== undefined && version.etag !== undefined && etag !== version.etag;
  return { kind: "goes-on", skip: from - first, ...(other ? { otherTag: etag } : {}) };
}

/** 416: the file ends at `from` or before. The answer may say how long it is (RFC 9110, 15.5.17). */
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
