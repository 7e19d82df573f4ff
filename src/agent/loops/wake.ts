import type { Clock } from "../../lib/clock.ts";

/** A sleep that can be ended early. */
export interface Waker {
  /** Ends the running sleep, or otherwise the next one before it begins. */
  wake(): void;
  /** Resolves after `milliseconds`, or when woken; rejects with the signal's reason when aborted. */
  sleep(milliseconds: number): Promise<void>;
  /** The same, but a wake-up is kept for the next sleep. */
  sleepThrough(milliseconds: number): Promise<void>;
}

/** For one sleeper. */
export function createWaker(clock: Clock, signal: AbortSignal): Waker {
  let woken = false;
  let current: AbortController | undefined;
  return {
    sleepThrough: (milliseconds) => clock.sleep(milliseconds, signal),
    wake: () => {
      woken = true;
      current?.abort();
    },
    sleep: async (milliseconds) => {
      signal.throwIfAborted();
      if (!woken) {
        const controller = new AbortController();
        current = controller;
        // Removed again below: AbortSignal.any would retain one more signal for each sleep of a long life.
        const stop = (): void => controller.abort();
        signal.addEventListener("abort", stop, { once: true });
        try {
          await clock.sleep(milliseconds, controller.signal);
        } catch (error) {
          if (!controller.signal.aborted) {
            throw error;
          }
          // Woken, or stopping: the statement after the next tells which.
        } finally {
          signal.removeEventListener("abort", stop);
          current = undefined;
        }
      }
      signal.throwIfAborted();
      woken = false;
    },
  };
}
