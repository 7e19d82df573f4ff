import { printable } from "../../lib/format/printable.ts";

/** Maximum number of characters of a host's output in a message. */
const shownLimit = 400;

/** What a host printed, for a message: its end on one line, without control characters, bounded. Pure. */
export function hostOutput(text: string): string {
  // Cut before it is cleaned: it may be long.
  const line = printable(text.slice(-4 * shownLimit).replaceAll(/\r?\n/gu, " "))
    .replaceAll(/\s+/gu, " ")
    .trim();
  const whole = text.length <= 4 * shownLimit && line.length <= shownLimit;
  return whole ? line : `…${line.slice(-shownLimit)}`;
}

/** The same as a part of a sentence: what the host said, or that it said nothing. Pure. */
export function hostSaid(text: string): string {
  const shown = hostOutput(text);
  return shown === "" ? "it said nothing" : `it said "${shown}"`;
}
