import { durationText } from "../../src/lib/format/duration.ts";

/** How long ago, or how long until: "5 min ago", "in 2 h". Pure. */
export function ageWords(at: Date, now: Date): string {
  const passed = now.getTime() - at.getTime();
  if (Math.abs(passed) < 1_000) {
    return "now";
  }
  return passed > 0 ? `${durationText(passed, 1)} ago` : `in ${durationText(-passed, 1)}`;
}

/** Made once: making one takes a hundred times as long as using it, and a list has hundreds of times. */
let localTime: Intl.DateTimeFormat | undefined;

/** The full time, in UTC and as the person's own clock on the wall has it: two lines. Pure but for the time zone. */
export function fullTimeWords(at: Date): string {
  localTime ??= new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const local = localTime.format(at);
  return `${at
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/u, " UTC")}\n${local}`;
}
