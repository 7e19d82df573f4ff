import type { Clock } from "../../lib/clock.ts";
import type { Authenticator } from "../caller/authenticate.ts";
import { unauthenticatedError, type Operator } from "../caller/identity.ts";

/** Milliseconds between two looks at the credential of an open stream. With the age of the token table it stays below 2 s. */
const lookInterval = 500;

/**
 * The messages of a streaming call for as long as the caller's credential is valid: revoked or expired, the stream ends.
 * @throws {ConnectError} `unauthenticated` once it is no longer valid
 */
export async function* streamWhileValid<Message>(options: {
  messages: AsyncIterable<Message>;
  operator: Operator;
  authenticator: Pick<Authenticator, "stillValid">;
  clock: Clock;
}): AsyncGenerator<Message> {
  const { messages, operator, authenticator, clock } = options;
  const iterator = messages[Symbol.asyncIterator]();
  const ended = new AbortController();
  const invalid = (async (): Promise<"invalid"> => {
    do {
      await clock.sleep(lookInterval, ended.signal);
    } while (await authenticator.stillValid(operator));
    return "invalid";
  })();
  // The stream's end aborts the sleep; a race that has been decided already hears of it no more.
  invalid.catch(() => undefined);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), invalid]);
      if (next === "invalid") {
        throw unauthenticatedError();
      }
      if (next.done === true) {
        return;
      }
      yield next.value;
    }
  } finally {
    ended.abort();
    // Not awaited: the handler may be waiting for a change, and ends by the call's signal.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
