/** Limits on the unary calls of one operator: concurrent ones, and waiting ones. */
export const callPlaceLimits = {
  /** Fewer than the operators' database connections (8), so that no operator can take all of them. */
  running: 6,
  /** A client's hundred calls at once are not too many. */
  waiting: 256,
} as const;

/** Gives each operator its share of the operators' database connections. */
export interface CallPlaces {
  /**
   * Resolves to a function that gives the place up, once the call may run.
   * @throws {TooManyCalls} at once, if too many calls of this operator wait
   */
  take(operator: string): Promise<() => void>;
}

/** Too many calls of one operator wait. */
export class TooManyCalls extends Error {}

interface Share {
  running: number;
  waiting: (() => void)[];
}

/** Creates it; no call runs or waits. */
export function callPlaces(limits: { running: number; waiting: number } = callPlaceLimits): CallPlaces {
  const shares = new Map<string, Share>();

  function release(operator: string, share: Share): void {
    const next = share.waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    share.running -= 1;
    if (share.running === 0) {
      shares.delete(operator);
    }
  }

  return {
    take: async (operator) => {
      const share = shares.get(operator) ?? { running: 0, waiting: [] };
      shares.set(operator, share);
      if (share.running < limits.running) {
        share.running += 1;
      } else if (share.waiting.length >= limits.waiting) {
        throw new TooManyCalls();
      } else {
        await new Promise<void>((resolve) => void share.waiting.push(resolve));
      }
      return () => release(operator, share);
    },
  };
}
