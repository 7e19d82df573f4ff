import type { Clock } from "../../lib/clock.ts";

/** Milliseconds over which the rate is averaged: long enough to be steady, short enough to show a stall. */
const windowMilliseconds = 5_000;

/**
 * Returns a function that turns successive byte counts into bytes per second; undefined until there are enough samples.
 */
export function rateMeter(clock: Pick<Clock, "monotonic">): (bytes: number) => number | undefined {
  const samples: { at: number; bytes: number }[] = [];
  return (bytes) => {
    const at = clock.monotonic();
    if (bytes < (samples.at(-1)?.bytes ?? 0)) {
      // The count went back: the transfer began again.
      samples.length = 0;
    }
    samples.push({ at, bytes });
    while (samples.length > 2 && at - (samples[1]?.at ?? at) >= windowMilliseconds) {
      samples.shift();
    }
    const [first] = samples;
    return first === undefined || at - first.at < 200 ? undefined : ((bytes - first.bytes) * 1_000) / (at - first.at);
  };
}
