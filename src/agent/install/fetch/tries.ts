import type { Clock } from "../../../lib/clock.ts";
import type { Logger } from "../../../lib/log.ts";
import { retryDelay } from "../../../lib/retry.ts";
import { AgentError, errorText } from "../../errors.ts";
import type { FetchLimits } from "./http-answer.ts";
import { TransientError } from "./transient-error.ts";

/** What retries need. */
export interface TriesContext {
  signal: AbortSignal;
  limits: FetchLimits;
  clock: Pick<Clock, "sleep" | "monotonic">;
  random: () => number;
  log: Logger;
  /** Called with what is retried or awaited, and why; with undefined once a slow transfer is fast enough again. */
  trying?: ((trouble: Trouble | undefined) => void) | undefined;
}

/** What blocks a fetch. */
export interface Trouble {
  /** One line for people. */
  reason: string;
  /** The value of `clock.monotonic()` at which the agent gives up if nothing changes. */
  givesUpAt: number;
  /** True if it persists although bytes arrive. */
  slow: boolean;
}

/** Counts tries in a row without enough progress. */
export interface Tries {
  /** Waits before the next try. @throws the error if it is not transient, or after the last try */
  failed(error: unknown): Promise<void>;
  /** Reports what is awaited before it fails; it fails in `lasts` milliseconds. */
  waiting(reason: string, lasts: number, slow?: boolean): void;
  /** The transfer is no longer slow. */
  recovered(): void;
  /** New bytes arrived: once they are enough for the time that they took, the count starts again. */
  came(bytes: number): void;
}

/** Fewer bytes than this are no progress: a server could give one with each connection. */
const leastNew = 64 << 10;

/** For one fetched file. */
export function createTries({ signal, limits, clock, random, log, trying }: TriesContext): Tries {
  const policy = { initial: limits.pause, maximum: limits.longestPause, factor: 2 };
  let failures = 0;
  let began = clock.monotonic();
  let fresh = { bytes: 0, since: began };
  /** Assumes that each further try takes this long, and that each pause is the longest. */
  const givesUpAfter = (each: number): number => {
    let sum = 0;
    for (let failed = failures; failed < limits.tries; failed += 1) {
      sum += each + (failed === failures ? 0 : retryDelay(policy, failed - 1, () => 1));
    }
    return sum;
  };
  return {
    failed: async (error) => {
      failures += 1;
      if (!(error instanceof TransientError)) {
        throw error;
      }
      if (failures >= limits.tries) {
        const message = `${error.message} (given up after ${failures} tries in a row)`;
        throw new AgentError("fetch_failed", message, { cause: error.cause, failure: error.failure });
      }
      const delay = Math.max(error.wait, retryDelay(policy, failures - 1, random));
      const reason = errorText(error);
      log.warn({ reason, delay }, "fetching is tried again");
      const now = clock.monotonic();
      trying?.({ reason, givesUpAt: now + delay + givesUpAfter(now - began), slow: false });
      await clock.sleep(delay, signal);
      began = clock.monotonic();
    },
    waiting: (reason, lasts, slow = false) => {
      const now = clock.monotonic();
      // This try ends in `lasts`; the others take as long as this one will have taken.
      const givesUpAt = began + givesUpAfter(now - began + lasts);
      trying?.({ reason, givesUpAt, slow });
    },
    recovered: () => trying?.(undefined),
    came: (bytes) => {
      fresh.bytes += bytes;
      const now = clock.monotonic();
      const due = ((now - fresh.since) / limits.rateWindow) * limits.lowestRate;
      if (fresh.bytes >= Math.max(leastNew, due)) {
        failures = 0;
        fresh = { bytes: 0, since: now };
      }
    },
  };
}
