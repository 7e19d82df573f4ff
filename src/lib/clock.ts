import { setTimeout as sleep } from "node:timers/promises";

/** Injected time, so that tests need not wait. Stored time is always the database's `now()`. */
export interface Clock {
  /** Milliseconds that only grow, from an arbitrary start: for durations and deadlines. */
  monotonic(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason if it is aborted before. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The system's clock. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    signal?.throwIfAborted();
    try {
      await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // The timer's own AbortError hides the signal's reason, which is better.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
