import type { IncomingHttpHeaders } from "node:http";
import { type JsonObject, textOf } from "./json.ts";

/** The ETag of a resource: its own property first, for headers are quoted twice or weakened on their way (row 20). Pure. */
export function etagOf(body: JsonObject, headers: IncomingHttpHeaders): string | undefined {
  return textOf(body["@odata.etag"]) ?? textOf(headers.etag);
}

/**
 * What to send as `If-Match`, one try after the other, as long as the answer is 412 or 428: the ETag as it came, its strong
 * form, with single quotes, nothing, and anything (rows 19, 20). undefined = no such header. Pure.
 */
export function ifMatchTries(etag: string | undefined): readonly (string | undefined)[] {
  if (etag === undefined) {
    return [undefined, "*"];
  }
  const strong = etag.replace(/^W\//u, "");
  const plain = `"${strong.replaceAll(/\\?"/gu, "")}"`;
  return [...new Set([etag, strong, plain, undefined, "*"])];
}
