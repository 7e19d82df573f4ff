import type { Clock } from "../../lib/clock.ts";

/** Those that wait for something to take. */
export interface Waiters {
  /** Lets all that wait go on. */
  waken(): void;
  /** Resolves at the next `waken`, after `milliseconds`, or when the signal aborts. */
  wait(milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void>;
}

/** Nobody waits yet. */
export function waiters(): Waiters {
  // Each wait has its own: what is added to a promise that lives as long as the watch stays until its end.
  const waits = new Set<AbortController>();
  return {
    waken: () => {
      for (const wait of waits) {
        wait.abort();
      }
    },
    wait: async (milliseconds, clock, signal) => {
      const wake = new AbortController();
      const end = (): void => wake.abort();
      waits.add(wake);
      signal.addEventListener("abort", end, { once: true });
      await clock.sleep(milliseconds, wake.signal).catch(() => undefined);
      signal.removeEventListener("abort", end);
      waits.delete(wake);
    },
  };
}
