/** The wait between tries: `initial · factor^attempt`, at most `maximum`, with jitter. */
export interface RetryDelays {
  /** Milliseconds. */
  initial: number;
  /** Milliseconds. */
  maximum: number;
  factor: number;
}

/**
 * Milliseconds to wait before try number `attempt` (0 is the first retry): between half the step and the whole step, so
 * that callers that failed together do not retry together.
 */
export function retryDelay(policy: RetryDelays, attempt: number, random: () => number = Math.random): number {
  const step = Math.min(policy.maximum, policy.initial * policy.factor ** attempt);
  return Math.round(step / 2 + (step / 2) * random());
}

/**
 * Milliseconds to wait before try number `attempt`, after an answer that may carry the server's own wait (`pushback`,
 * in milliseconds). As in gRPC proposal A6 the server's wait replaces the backoff, even where it is shorter: only the
 * server knows when trying makes sense again. It is bounded: not shorter than the shortest wait of `policy`, so that no
 * answer makes a caller spin, and not longer than `longest`, so that none silences it.
 */
export function pushbackDelay(
  policy: RetryDelays,
  attempt: number,
  {
    pushback,
    longest = policy.maximum,
    random,
  }: { pushback: number | undefined; longest?: number; random: () => number },
): number {
  return pushback === undefined
    ? retryDelay(policy, attempt, random)
    : Math.round(Math.min(longest, Math.max(policy.initial / 2, pushback)));
}
