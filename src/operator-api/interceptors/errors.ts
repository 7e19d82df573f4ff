import { randomUUID } from "node:crypto";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { describeError } from "../../lib/errors.ts";
import { methodName } from "../caller/authorization.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorError } from "../errors.ts";
import { isCallerGone } from "./caller-gone.ts";

/**
 * Translates errors in one place: the caller gets a code and a sentence, the log gets the chain of causes. That a caller
 * has left is no error.
 */
export function errorsInterceptor({ log }: OperatorApiDependencies): Interceptor {
  return (next) => async (request) => {
    const translated = (error: unknown): ConnectError => {
      if (isCallerGone(error, request.signal)) {
        log.debug({ method: methodName(request.method) }, "caller left");
        return new ConnectError("the caller has left", Code.Canceled);
      }
      const errorId = randomUUID().slice(0, 8);
      const { answer, internal } = operatorError(error, errorId);
      if (internal) {
        const stack = error instanceof Error ? error.stack : undefined;
        log.error({ errorId, method: methodName(request.method), error: describeError(error), stack }, "call failed");
      }
      return answer;
    };
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: streamTranslated(response.message, translated) } : response;
    } catch (error) {
      throw translated(error);
    }
  };
}

/** A stream's errors occur while it is read. */
async function* streamTranslated<Message>(
  messages: AsyncIterable<Message>,
  translated: (error: unknown) => ConnectError,
): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw translated(error);
  }
}
