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
  clock: Pick<Clock, "sleep">;
  random: () => number;
  log: Logger;
}

/** Counts tries in a row that brought nothing. */
export interface Tries {
  /** Waits before the next try. @throws the error where it is no passing one, or there were enough tries */
  failed(error: unknown): Promise<void>;
  /** Something new came: the count begins anew. */
  anew(): void;
}

/** For one thing that is fetched. */
export function createTries({ signal, limits, clock, random, log }: TriesContext): Tries {
  const policy = { initial: limits.pause, maximum: limits.longestPause, factor: 2 };
  let failures = 0;
  return {
    failed: async (error) => {
      failures += 1;
      if (!(error instanceof TransientError)) {
        throw error;
      }
      if (failures >= limits.tries) {
        const message = `${error.message} (given up after ${failures} tries in a row)`;
        throw new AgentError("fetch_failed", message, { cause: error.cause });
      }
      const delay = Math.max(error.wait, retryDelay(policy, failures - 1, random));
      log.warn({ reason: errorText(error), delay }, "fetching is tried again");
      await clock.sleep(delay, signal);
    },
    anew: () => {
      failures = 0;
    },
  };
}
