import type { Clock } from "../../lib/clock.ts";

/** A clock whose pauses end at once and advance its time by their length. */
export function quickClock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    monotonic: () => now,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      now += milliseconds;
      slept.push(milliseconds);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
