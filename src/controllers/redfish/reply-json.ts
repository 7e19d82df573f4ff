import type { HttpReply } from "./http/exchange.ts";
import { type JsonObject, objectOf } from "./json.ts";

/** The JSON object in the body; an empty object if the body is not one. Pure. */
export function replyJson(reply: Pick<HttpReply, "body">): JsonObject {
  try {
    return objectOf(JSON.parse(reply.body.toString("utf8")));
  } catch {
    return {};
  }
}
