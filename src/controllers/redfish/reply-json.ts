import type { HttpReply } from "./http/exchange.ts";
import { type JsonObject, objectOf } from "./json.ts";

/** The body's JSON object; empty where it is none. Pure. */
export function replyJson(reply: Pick<HttpReply, "body">): JsonObject {
  try {
    return objectOf(JSON.parse(reply.body.toString("utf8")));
  } catch {
    return {};
  }
}
