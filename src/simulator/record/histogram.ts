/** Durations in milliseconds, counted in buckets of 4 % width, which bounds the error of a quantile. */
export interface Histogram {
  add(milliseconds: number): void;
  readonly count: number;
  /** The duration that the given share (0 to 1) did not exceed; 0 if there are none. */
  quantile(share: number): number;
  /** Resets the counts, for the next period. */
  clear(): void;
}

const step = Math.log(1.04);
/** Upper end of the first bucket in milliseconds. */
const least = 0.01;

/** Starts empty. */
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
