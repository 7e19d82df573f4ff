/** How the wait grows from failure to failure. Values in seconds; missing ones are 0. */
export interface BackoffPolicy {
  /** The first interval. */
  initial?: number;
  /** The longest interval; 0 means no limit. */
  maximum?: number;
  /** The factor by which each interval grows; 0 means that it does not grow. */
  exponent?: number;
}

const nanosecondsPerSecond = 1_000_000_000;

/**
 * The next interval in whole seconds, at least 1: computed in whole nanoseconds (truncated), then rounded up to
 * seconds.
 * @param previous the previous interval in seconds; undefined for the first failure
 */
export function backoffNext(policy: BackoffPolicy, previous?: number): number {
  const initial = Math.trunc((policy.initial ?? 0) * nanosecondsPerSecond);
  const exponent = policy.exponent ?? 0;
  let nanoseconds = initial;
  if (previous !== undefined && exponent !== 0) {
    nanoseconds = Math.trunc(previous * nanosecondsPerSecond * exponent);
  }
  if (policy.maximum !== undefined && policy.maximum > 0) {
    nanoseconds = Math.min(nanoseconds, Math.trunc(policy.maximum * nanosecondsPerSecond));
  }
  // Above this (104 days) a double no longer distinguishes single nanoseconds.
  nanoseconds = Math.min(nanoseconds, Number.MAX_SAFE_INTEGER);
  return Math.max(1, Math.ceil(nanoseconds / nanosecondsPerSecond));
}

/**
 * The actual wait: up to a tenth longer than the interval, so that simultaneous failures are not retried
 * simultaneously. It changes only the stored `until`; the next interval grows from the interval without it.
 */
export function backoffJittered(seconds: number, random: () => number = Math.random): number {
  return seconds * (1 + random() / 10);
}
