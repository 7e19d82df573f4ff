import { z } from "zod";
import type { InstallationRetryPolicy } from "../../database/queries/installation/installation-retry-budget.ts";

const whole = (least: number, most: number, what: string) => {
  const message = `expected ${what}`;
  return z.int(message).min(least, message).max(most, message);
};

/** In seconds. A wait of more than a day between tries is no longer a retry. */
const longestWait = 86_400;
/** How often, and after what waits, a failed installation is repeated; absent = never. */
export const retryField = z
  .object({
    attempts: whole(1, 100, "1 to 100 tries"),
    initialSeconds: whole(0, longestWait, `1 to ${longestWait} seconds, or 0 for 60`),
    maximumSeconds: whole(0, longestWait, `1 to ${longestWait} seconds, or 0 for 3600`),
    exponent: z.number().refine((value) => value === 0 || (value >= 1 && value <= 10), "expected 1 to 10, or 0 for 2"),
  })
  .transform(({ attempts, initialSeconds, maximumSeconds, exponent }): InstallationRetryPolicy => {
    const initial = initialSeconds === 0 ? 60 : initialSeconds;
    return {
      attempts,
      initial,
      maximum: maximumSeconds === 0 ? Math.max(3_600, initial) : maximumSeconds,
      exponent: exponent === 0 ? 2 : exponent,
    };
  })
  .refine(({ initial, maximum }) => maximum >= initial, "maximum_seconds is less than initial_seconds")
  .optional();
