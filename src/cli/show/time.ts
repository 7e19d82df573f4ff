const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** Seconds for people, in its greatest unit: "42 s", "5 min", "3 h", "12 d". */
export function formatSeconds(seconds: number): string {
  for (const [unit, length] of units) {
    if (seconds >= length) {
      return `${Math.floor(seconds / length)} ${unit}`;
    }
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
}

/** A time as ISO 8601 to the second, and its age. */
export function formatTime(time: Date, now: Date): string {
  return `${time.toISOString().slice(0, 19)}Z (${formatAge(time, now)})`;
}

/** How long ago it was, or how long it is until then: "5 min ago", "in 5 min". */
export function formatAge(time: Date, now: Date): string {
  const seconds = (now.getTime() - time.getTime()) / 1000;
  return seconds <= -1 ? `in ${formatSeconds(-seconds)}` : `${formatSeconds(seconds)} ago`;
}
