import type { DatabaseAddress } from "../database/address/database-address.ts";
import { type NotificationChannel, notificationsListen } from "../database/notifications.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";

/** Signals that machines may have changed. It is a hint only: followers also poll. */
export interface MachineFeed extends AsyncDisposable {
  /** Must be called before reading, so that changes during the read are noticed. */
  next(): {
    /** Resolves at the next hint after the call of `next`, after `milliseconds`, or when the signal aborts. */
    wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  };
}

/** Milliseconds for which hints are collected: a busy fleet gives hundreds per second, and one read serves all. */
const gather = 25;

/** Listens to the database from the first `next` on, with one connection for all followers. */
export function machineFeed(options: {
  address: DatabaseAddress;
  log: Logger;
  clock: Clock;
  channel?: NotificationChannel;
}): MachineFeed {
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
        channel: options.channel ?? "farrier_machine",
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
