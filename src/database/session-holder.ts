import { describeError } from "../lib/errors.ts";
import { retryDelay } from "../lib/retry.ts";
import type { Database } from "./connect.ts";
import { sessionStart, type Session, type SessionOptions } from "./session.ts";

/**
 * Keeps a component in session: when its session is lost, it opens the next one, with backoff. The process lives on.
 */
export interface SessionHolder extends AsyncDisposable {
  /** The live session; undefined while there is none. */
  current(): Session | undefined;
  /** Resolves to the live session once there is one. Rejects when the holder is disposed of. */
  next(): Promise<Session>;
}

/** Milliseconds between attempts to open a session. */
const policy = { initial: 100, maximum: 5_000, factor: 2 };

/** Starts opening the first session, and returns without waiting for it. */
export function sessionHold(database: Database, options: SessionOptions): SessionHolder {
  const ended = new AbortController();
  let current: Session | undefined;
  let waiting = Promise.withResolvers<Session>();
  // Nobody may be waiting when the holder ends.
  waiting.promise.catch(() => undefined);

  const ending = new Set<Promise<void>>();
  const holding = (async () => {
    for (let attempt = 0; !ended.signal.aborted;) {
      try {
        const session = await sessionStart(database, options);
        attempt = 0;
        current = session;
        options.log.info({ session: session.id }, "session started");
        waiting.resolve(session);
        await aborted(AbortSignal.any([session.lost, ended.signal]));
        current = undefined;
        if (!ended.signal.aborted) {
          waiting = Promise.withResolvers<Session>();
          waiting.promise.catch(() => undefined);
        }
        // Not awaited: a connection that hangs would keep the next session from starting.
        const end = Promise.resolve(session[Symbol.asyncDispose]());
        ending.add(end);
        void end.finally(() => ending.delete(end));
      } catch (error) {
        options.log.warn({ error: describeError(error) }, "no session could be started; trying again");
        await options.clock.sleep(retryDelay(policy, attempt), ended.signal).catch(() => undefined);
        attempt += 1;
      }
    }
  })();

  return {
    current: () => (current?.lost.aborted === true ? undefined : current),
    next: () => waiting.promise,
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      waiting.reject(new Error("the component is stopping"));
      await holding;
      await Promise.all(ending);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    } else {
      signal.addEventListener("abort", () => resolve(), { once: true });
    }
  });
}
