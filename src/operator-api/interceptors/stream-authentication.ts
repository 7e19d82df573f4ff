import type { Clock } from "../../lib/clock.ts";
import type { Authenticator } from "../caller/authenticate.ts";
import { unauthenticatedError, type Operator } from "../caller/identity.ts";

/**
 * Milliseconds between two checks of an open stream's credential. With the age of the token table, the delay stays
 * below 2 s.
 */
const lookInterval = 500;

/**
 * Passes on the messages of a streaming call while the caller's credential is valid; ends the stream once it is revoked
 * or expired.
 * @throws {ConnectError} `unauthenticated` once the credential is no longer valid
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
  let invalid: { error: unknown } | undefined;
  let tell: ((error: unknown) => void) | undefined;
  const look = async (): Promise<void> => {
    try {
      do {
        await clock.sleep(lookInterval, ended.signal);
      } while (await authenticator.stillValid(operator));
      invalid = { error: unauthenticatedError() };
    } catch (error) {
      // The stream's end aborts the sleep; nobody waits any more.
      invalid = { error };
    }
    tell?.(invalid.error);
  };
  void look();
  try {
    for (;;) {
      // One promise a turn: what is added to a promise that lives as long as the stream stays until its end, with the message.
      const turn = Promise.withResolvers<never>();
      tell = turn.reject;
      if (invalid !== undefined) {
        throw invalid.error;
      }
      const next = await Promise.race([iterator.next(), turn.promise]);
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
