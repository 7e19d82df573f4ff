import { parseSeconds } from "../../lib/format/parse-seconds.ts";
import { optionalFlag } from "./flag.ts";
import { parsePositive } from "../line/positive.ts";

/** Flags of commands that request installations. */
export interface RetryFlags {
  retryAttempts: number | undefined;
  retryInitial: number | undefined;
  retryMaximum: number | undefined;
}

export const retryFlags = {
  retryAttempts: optionalFlag("Number of further tries after an error", "N", parsePositive),
  retryInitial: optionalFlag(
    "Wait before the first further try, doubled for each one after (default: 60s)",
    "DURATION",
    parseSeconds,
  ),
  retryMaximum: optionalFlag("Maximum wait between two tries (default: 1h)", "DURATION", parseSeconds),
} as const;
