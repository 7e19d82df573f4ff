import { printable } from "../lib/format/printable.ts";

/** Maximum length of a fact in characters. The longest model name seen has 60. */
const factMost = 120;

/** A text by which a controller describes itself, as it may be stored and shown: printable, and of bounded length. Pure. */
export function factText(text: string): string {
  return printable(text.slice(0, factMost));
}
