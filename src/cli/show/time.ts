import { durationText } from "../../lib/format/duration.ts";

/** A time as ISO 8601 to the second, with its age. */
export function formatTime(time: Date, now: Date): string {
  return `${time.toISOString().slice(0, 19)}Z (${formatAge(time, now)})`;
}

/** The time since or until `time`: "5 min ago", "in 5 min". */
export function formatAge(time: Date, now: Date): string {
  const milliseconds = now.getTime() - time.getTime();
  return milliseconds <= -1000 ? `in ${durationText(-milliseconds, 1)}` : `${durationText(milliseconds, 1)} ago`;
}
