import { printable } from "../lib/format/printable.ts";

/** Maximum length of a fact in characters. The longest model name seen has 60. */
const factMost = 120;

/** A text by which a controller describes itself, as it may be stored and shown: printable, and of bounded length. Pure. */
export function factText(text: string): string {
  return printable(text.slice(0, factMost));
}

/**
 * {@link factText} for a fact that only people read, without the secrets that `clean` removes. What identifies the
 * machine stays as it is. Pure.
 */
export function factShown(text: string | undefined, clean: (text: string) => string): string | undefined {
  // Secrets go before the text is cut: half a secret would not be found.
  return text === undefined ? undefined : factText(clean(text));
}
