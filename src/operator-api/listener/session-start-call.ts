import type { IncomingHttpHeaders } from "node:http";
import type { ErrorAnswer } from "./error-answer.ts";

/** The call that needs no credential: it signs a browser in. */
export const sessionStartPath = "/farrier.operator.v1.ConsoleService/ConsoleSessionStart";

/** Bytes of a stranger's message; a code or a token is shorter. */
const strangerLimit = 4_096;

/**
 * Why a stranger's call is refused before its body is read: it has to say how long that is, and be small. Undefined if it may
 * be carried out. Pure.
 */
export function strangerRefusal(headers: Pick<IncomingHttpHeaders, "content-length">): ErrorAnswer | undefined {
  const length = headers["content-length"];
  if (length === undefined || !/^\d{1,15}$/u.test(length)) {
    return {
      status: 411,
      code: "invalid_argument",
      message: "ConsoleSessionStart takes one message whose length is in the header content-length",
    };
  }
  return Number(length) > strangerLimit
    ? {
        status: 413,
        code: "invalid_argument",
        message: `ConsoleSessionStart takes a message of at most ${strangerLimit} bytes`,
      }
    : undefined;
}
