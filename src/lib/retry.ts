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
