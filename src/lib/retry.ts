/** How long to wait between tries: `initial · factor^attempt`, at most `maximum`, with full jitter below. */
export interface RetryDelays {
  /** Milliseconds. */
  initial: number;
  /** Milliseconds. */
  maximum: number;
  factor: number;
}

/**
 * Milliseconds to wait before try number `attempt` (0 = first retry): between half the step and the whole of it, so that
 * callers that failed together do not come back together.
 */
export function retryDelay(policy: RetryDelays, attempt: number, random: () => number = Math.random): number {
  const step = Math.min(policy.maximum, policy.initial * policy.factor ** attempt);
  return Math.round(step / 2 + (step / 2) * random());
}
