import type { DatabaseAddress } from "../database/address/database-address.ts";
import { notificationsListen } from "../database/notifications.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";

/** Says that machines may have changed. A hint: whoever follows them looks now and then all the same. */
export interface MachineFeed extends AsyncDisposable {
  /** To be asked for before the look, so that what changes meanwhile is heard of. */
  next(): {
    /** Resolves at the next hint after `next` was called, after `milliseconds`, or when the signal aborts. */
    wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  };
}

/** Milliseconds that hints are gathered for: a fleet in motion gives hundreds a second, one look is enough for them. */
const gather = 25;

/** Listens to the database from the first `next` on, on one connection for all who follow. */
export function machineFeed(options: { address: DatabaseAddress; log: Logger; clock: Clock }): MachineFeed {
  const { clock } = options;
  let hint = Promise.withResolvers<void>();
  let listening: AsyncDisposable | undefined;
  const changed = (): void => {
    const { resolve } = hint;
    hint = Promise.withResolvers<void>();
    resolve();
  };

  return {
    next: () => {
      listening ??= notificationsListen({
        ...options,
        channel: "farrier_machine",
        handlers: { machineChanged: changed, listening: changed, deaf: () => undefined },
      });
      const { promise } = hint;
      return {
        wait: async (milliseconds, signal) => {
          const done = new AbortController();
          const either = AbortSignal.any([signal, done.signal]);
          const slept = clock.sleep(milliseconds, either).catch(() => undefined);
          const heard = await Promise.race([promise.then(() => true), slept.then(() => false)]);
          done.abort();
          if (heard) {
            await clock.sleep(gather, signal).catch(() => undefined);
          }
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      await listening?.[Symbol.asyncDispose]();
    },
  };
}
