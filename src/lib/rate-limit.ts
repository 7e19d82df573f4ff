import type { Clock } from "./clock.ts";

/** A token bucket: `burst` at once, `perSecond` in the long run. */
export interface RateLimit {
  /** The number of available tokens. */
  available(): number;
  /** Takes `count` tokens, which must be available. */
  take(count: number): void;
}

/** Starts full. */
export function rateLimit(options: { clock: Clock; perSecond: number; burst: number }): RateLimit {
  const { clock, perSecond, burst } = options;
  let tokens = burst;
  let filled = clock.monotonic();
  return {
    available: () => {
      const now = clock.monotonic();
      tokens = Math.min(burst, tokens + ((now - filled) / 1000) * perSecond);
      filled = now;
      return Math.floor(tokens);
    },
    take: (count) => {
      tokens -= count;
    },
  };
}
