/** How "not before" grows from failure to failure. Seconds; what is not given is 0. */
export interface BackoffPolicy {
  /** The first interval. */
  initial?: number;
  /** No interval is longer; 0 = none. */
  maximum?: number;
  /** Each interval is this many times the one before; 0 = it does not grow. */
  exponent?: number;
}

const nanosecondsPerSecond = 1_000_000_000;

/**
 * The next interval in whole seconds, at least 1: computed in whole nanoseconds (truncated), rounded up to seconds.
 * @param previous the interval before, in seconds; undefined = this is the first failure
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
  // Beyond this (104 days) a double no longer counts single nanoseconds.
  nanoseconds = Math.min(nanoseconds, Number.MAX_SAFE_INTEGER);
  return Math.max(1, Math.ceil(nanoseconds / nanosecondsPerSecond));
}

/**
 * How long to really wait after an interval: up to a tenth longer, so that what failed together does not come back
 * together. It moves the stored `until` only; the next interval grows from the one without it.
 */
export function backoffJittered(seconds: number, random: () => number = Math.random): number {
  return seconds * (1 + random() / 10);
}
