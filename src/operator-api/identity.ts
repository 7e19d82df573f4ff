import { createHash, timingSafeEqual } from "node:crypto";
import { Code, ConnectError, createContextKey } from "@connectrpc/connect";
import type { Actor } from "../database/actor.ts";

/** Who calls; set by the identity interceptor before any handler runs. */
export const operatorKey = createContextKey<Actor>(
  { kind: "system", name: "nobody" },
  { description: "the operator who calls" },
);

/** Everyone whose token is missing or wrong gets this one answer, so that it tells nothing. */
export const unauthenticatedMessage =
  "not authorised: send `authorization: Bearer TOKEN` with the token of the data directory's file operator-token";

/** The refusal of a caller without the right token. */
export function unauthenticated(): ConnectError {
  return new ConnectError(unauthenticatedMessage, Code.Unauthenticated);
}

/**
 * Who shows the right bearer token, or undefined. The time it takes tells nothing of the token: digests are compared, of
 * the same length whatever was sent.
 */
export function identify(authorization: string | null | undefined, token: string): Actor | undefined {
  const shown = /^Bearer +(?<token>[^\s]+)$/iu.exec(authorization ?? "")?.groups?.["token"] ?? "";
  return timingSafeEqual(digest(shown), digest(token)) && shown !== ""
    ? { kind: "operator", name: "token" }
    : undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
