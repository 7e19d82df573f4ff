/** Durations in milliseconds, counted in buckets that are 4 % wide: a quantile is right to within that. */
export interface Histogram {
  add(milliseconds: number): void;
  readonly count: number;
  /** At most so much took the given share (0 to 1) of them; 0 where there are none. */
  quantile(share: number): number;
  /** Takes out what was counted, for the next stretch of time. */
  clear(): void;
}

const step = Math.log(1.04);
/** Milliseconds of the first bucket's upper end. */
const least = 0.01;

/** Makes an empty one. */
export function histogram(): Histogram {
  let counts: number[] = [];
  let count = 0;
  return {
    add: (milliseconds) => {
      const bucket = Math.max(0, Math.ceil(Math.log(Math.max(milliseconds, least) / least) / step));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      count += 1;
    },
    get count() {
      return count;
    },
    quantile: (share) => {
      let left = share * count;
      let last = 0;
      for (const [bucket, number] of counts.entries()) {
        if (number === undefined) {
          continue;
        }
        last = bucket;
        left -= number;
        if (left <= 0) {
          break;
        }
      }
      return count === 0 ? 0 : least * Math.exp(last * step);
    },
    clear: () => {
      counts = [];
      count = 0;
    },
  };
}
