import type { IncomingHttpHeaders } from "node:http";
import { type JsonObject, textOf } from "./json.ts";

/**
 * The ETag of a resource. Its own property comes first, because some servers quote the header twice or weaken it (row
 * 20). Pure.
 */
export function etagOf(body: JsonObject, headers: IncomingHttpHeaders): string | undefined {
  return textOf(body["@odata.etag"]) ?? textOf(headers.etag);
}

/**
 * The values of `If-Match` to try, in order, while the answer is 412 or 428 (rows 19, 20): the ETag as it came, its
 * strong form, its form with one pair of quotes, no header, and `*`. undefined = no header. Pure.
 */
export function ifMatchTries(etag: string | undefined): readonly (string | undefined)[] {
  if (etag === undefined) {
    return [undefined, "*"];
  }
  const strong = etag.replace(/^W\//u, "");
  const plain = `"${strong.replaceAll(/\\?"/gu, "")}"`;
  return [...new Set([etag, strong, plain, undefined, "*"])];
}
