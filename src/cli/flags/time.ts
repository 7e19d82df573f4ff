import { parseSeconds } from "../../lib/format/parse-seconds.ts";
import { optionalFlag } from "./flag.ts";

/**
 * Parses a time: "2026-01-31T12:00:00Z", "2026-01-31", or so long ago, such as "2h" or "30d".
 * @throws {RangeError} naming what was expected
 */
export function parseTime(text: string, now: Date = new Date()): Date {
  if (/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/u.test(text)) {
    const zone = /(?:Z|[+-]\d{2}:\d{2})$/u.test(text.slice(10)) || text.length === 10 ? "" : "Z";
    const date = new Date(`${text.replace(" ", "T")}${zone}`);
    // JavaScript reads February 31 as March 3.
    const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
    if (!Number.isNaN(date.getTime()) && day.toISOString().startsWith(text.slice(0, 10))) {
      return date;
    }
  }
  if (/^[1-9]\d{0,8}(?:s|m|min|h|d)$/u.test(text)) {
    return new Date(now.getTime() - parseSeconds(text) * 1000);
  }
  throw new RangeError(
    `"${text}" is no time: expected one such as 2026-01-31T12:00:00Z or 2026-01-31 (UTC), or how long ago, such as 2h or 30d`,
  );
}

/** A flag with a time. */
export function timeFlag(brief: string): ReturnType<typeof optionalFlag<Date>> {
  return optionalFlag(brief, "TIME", (text) => parseTime(text));
}
