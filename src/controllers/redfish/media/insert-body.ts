import type { RedfishMessage } from "../messages.ts";

/** The parameters of an insertion. */
export type InsertBody = Readonly<Record<string, string | boolean>>;

/** The parameters to begin with. Pure. */
export function insertBody(url: string): InsertBody {
  return { Image: url, Inserted: true, WriteProtected: true };
}

/**
 * The parameters after a refusal: without those that the controller does not accept (row 33), with those that it misses
 * (row 34); undefined if its messages name nothing that can be changed. User name and password are any text: the image's
 * server asks for none. Pure.
 */
export function insertBodyNext(body: InsertBody, messages: readonly RedfishMessage[]): InsertBody | undefined {
  const words = messages.flatMap(({ text, args }) => [text, ...args]).join(" ");
  const named = (name: string): boolean => new RegExp(String.raw`\b${name}\b`, "u").test(words);
  const unwanted = ["Inserted", "WriteProtected"].filter((name) => name in body && named(name));
  if (unwanted.length > 0) {
    // A controller that refuses one of them names the other at the next try.
    return Object.fromEntries(
      Object.entries(body).filter(([name]) => name !== "Inserted" && name !== "WriteProtected"),
    );
  }
  const scheme = String(body["Image"]).startsWith("https:") ? "HTTPS" : "HTTP";
  const possible = { TransferProtocolType: scheme, TransferMethod: "Stream", UserName: "none", Password: "none" };
  const missing = Object.entries(possible).filter(([name]) => !(name in body) && named(name));
  return missing.length === 0 ? undefined : { ...body, ...Object.fromEntries(missing) };
}
