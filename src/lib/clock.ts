import { setTimeout as sleep } from "node:timers/promises";

/** Time as code sees it. Injected, so that tests need not wait; stored time is always the database's `now()`. */
export interface Clock {
  /** Milliseconds that only grow, from an arbitrary start: for durations and deadlines. */
  monotonic(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when it is aborted before. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    signal?.throwIfAborted();
    try {
      await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // The timer's own AbortError hides the reason; whoever aborted gave a better one.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
