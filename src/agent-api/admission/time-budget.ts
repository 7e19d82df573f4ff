/** A budget of processor time in milliseconds: `burst` at once, `perSecond` in the long run. */
export interface TimeBudget {
  /** The milliseconds that are left; negative if overspent. `now` is milliseconds of a monotonic clock. */
  left(now: number): number;
  spend(milliseconds: number): void;
}

/** Starts full. */
export function timeBudget({ perSecond, burst }: { perSecond: number; burst: number }): TimeBudget {
  let left = burst;
  let filled = -Infinity;
  return {
    left: (now) => {
      if (now > filled) {
        left = Math.min(burst, left + (filled === -Infinity ? 0 : ((now - filled) / 1_000) * perSecond));
        filled = now;
      }
      return left;
    },
    spend: (milliseconds) => {
      left -= milliseconds;
    },
  };
}
