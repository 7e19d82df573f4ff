import type { Clock } from "../../../lib/clock.ts";
import type { Logger } from "../../../lib/log.ts";
import { retryDelay } from "../../../lib/retry.ts";
import { AgentError, errorText } from "../../errors.ts";
import type { FetchLimits } from "./http-answer.ts";
import { TransientError } from "./transient-error.ts";

/** What trying again works with. */
export interface TriesContext {
  signal: AbortSignal;
  limits: FetchLimits;
  clock: Pick<Clock, "sleep" | "monotonic">;
  random: () => number;
  log: Logger;
  /** Told what is tried again or waited for, and why; undefined = a slow one is not slow any more. */
  trying?: ((trouble: Trouble | undefined) => void) | undefined;
}

/** What stands in the way of a fetch. */
export interface Trouble {
  /** One line for people. */
  reason: string;
  /** `clock.monotonic()` at which it is given up if nothing changes. */
  givesUpAt: number;
  /** It goes on although bytes come. */
  slow: boolean;
}

/** Counts tries in a row that brought nothing worth the time. */
export interface Tries {
  /** Waits before the next try. @throws the error where it is no passing one, or there were enough tries */
  failed(error: unknown): Promise<void>;
  /** Tells what is being waited for, before it has failed; it fails in `lasts` milliseconds. */
  waiting(reason: string, lasts: number, slow?: boolean): void;
  /** What was slow is not any more. */
  recovered(): void;
  /** New bytes came: once they are enough for the time that they took, the count begins anew. */
  came(bytes: number): void;
}

/** Fewer bytes than these are no progress: a server could give one with each connection. */
const leastNew = 64 << 10;

/** For one thing that is fetched. */
export function createTries({ signal, limits, clock, random, log, trying }: TriesContext): Tries {
  const policy = { initial: limits.pause, maximum: limits.longestPause, factor: 2 };
  let failures = 0;
  let began = clock.monotonic();
  let fresh = { bytes: 0, since: began };
  /** If each further try takes this long, and each pause its longest. */
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
      // This try ends in `lasts`; the further ones take as long as it will have taken.
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
