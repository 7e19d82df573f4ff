import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { byteRange } from "./byte-range.ts";
import { paced } from "../lib/host/send-pace.ts";
import type { ServedFile } from "./served-file.ts";
import { type Overlay, overlayChunk } from "./overlay.ts";

/**
 * Answers with a file, or with the requested range of it, and with validators for caches, and closes the file. Resolves to
 * the status; the caller answers a 404. With an overlay, its bytes take the place of the file's own, and no cache may keep them.
 * @param begins is called before bytes of the file are sent. False: they are not, and it is a 404.
 */
export async function fileAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  source: ServedFile | undefined,
  overlay?: Overlay,
  begins: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<number> {
  if (source === undefined) {
    return 404;
  }
  await using file = source;
  const { bytes: size, tag, modified } = file;
  const content =
    overlay === undefined ? "" : `-${createHash("sha256").update(overlay.bytes).digest("hex").slice(0, 16)}`;
  const etag = `"${tag}${content}"`;
  const headers = {
    etag,
    ...(modified === undefined ? {} : { "last-modified": modified.toUTCString() }),
    "accept-ranges": "bytes",
    "cache-control": overlay === undefined ? "no-cache" : "no-store",
    "content-type": "application/octet-stream",
  };
  const seen = request.headers["if-none-match"];
  if (seen !== undefined && (seen === "*" || seen.split(",").some((one) => one.trim().replace(/^W\//u, "") === etag))) {
    response.writeHead(304, headers).end();
    return 304;
  }
  // A range of a changed file would not fit the ranges that the caller has.
  const condition = request.headers["if-range"];
  // A Range is valid with GET only (RFC 9110, 14.2): HEAD asks for the size of the whole.
  const inParts = request.method === "GET" && (condition === undefined || condition === etag);
  const range = inParts ? byteRange(request.headers.range, size) : ("whole" as const);
  if (range === "unsatisfiable") {
    response.writeHead(416, { ...headers, "content-range": `bytes */${size}` }).end();
    return 416;
  }
  if (request.method === "GET" && !(await begins())) {
    return 404;
  }
  const { first, last } = range === "whole" ? { first: 0, last: size - 1 } : range;
  const status = range === "whole" ? 200 : 206;
  response.writeHead(status, {
    ...headers,
    "content-length": last - first + 1,
    ...(range === "whole" ? {} : { "content-range": `bytes ${first}-${last}/${size}` }),
  });
  if (request.method === "HEAD" || last < first) {
    response.end();
    return status;
  }
  const stream = file.read(first, last);
  await (overlay === undefined
    ? pipeline(stream, paced, response)
    : pipeline(stream, (part: AsyncIterable<Buffer>) => overlaid(paced(part), first, overlay), response));
  return status;
}

async function* overlaid(stream: AsyncIterable<Buffer>, first: number, overlay: Overlay): AsyncGenerator<Buffer> {
  let at = first;
  for await (const part of stream) {
    overlayChunk(part, at, overlay);
    at += part.length;
    yield part;
  }
}
