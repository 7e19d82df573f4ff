import type { Clock } from "../lib/clock.ts";

/**
 * Resolves at that time of the clock, or when the signal aborts; at once if the time has passed, so a plan that has
 * fallen behind catches up.
 */
export async function sleepUntil(clock: Clock, time: number, signal: AbortSignal): Promise<void> {
  const left = time - clock.monotonic();
  if (left > 0) {
    await clock.sleep(left, signal).catch(() => undefined); // Aborted: the caller checks.
  }
}
