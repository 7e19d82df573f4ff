import type { Clock } from "./clock.ts";

/** Lets so many through, and says how many it held back before the one it lets through. */
export interface RateLimit {
  /** The number held back since the last one that passed, or undefined where this one is held back too. */
  pass(): number | undefined;
}

/** A token bucket: `burst` at once, `perSecond` in the long run. */
export function rateLimit(options: { clock: Clock; perSecond: number; burst: number }): RateLimit {
  const { clock, perSecond, burst } = options;
  let tokens = burst;
  let filled = clock.monotonic();
  let held = 0;
  return {
    pass: () => {
      const now = clock.monotonic();
      tokens = Math.min(burst, tokens + ((now - filled) / 1000) * perSecond);
      filled = now;
      if (tokens < 1) {
        held += 1;
        return undefined;
      }
      tokens -= 1;
      const before = held;
      held = 0;
      return before;
    },
  };
}
