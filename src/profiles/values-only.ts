import type { NeutralKnown } from "./neutral-known.ts";

/**
 * What the quoting filter gives for a text, a number or a condition: on one line, and nothing in it ends its quotes or
 * means something to YAML. Longer texts are looked at as all others are.
 */
const plainValue = /^(?:"(?:[\p{L}\p{N} _.,:/@+=-]|\\u[0-9a-f]{4}){0,1000}"|-?\d{1,15}(?:\.\d{1,15})?|true|false)$/u;

/**
 * Whether a text has the structure of the same text with other values, and that for sure: it is what stands between the
 * values there, with plain values in between. false says nothing. Pure.
 * @param quoted what the quoting filter has put into the text, in order
 */
export function valuesOnly(text: string, quoted: readonly string[], { between }: NeutralKnown): boolean {
  if (between?.length !== quoted.length + 1 || !quoted.every((value) => plainValue.test(value))) {
    return false;
  }
  return text === between.map((part, index) => `${part}${quoted[index] ?? ""}`).join("");
}
