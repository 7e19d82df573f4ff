import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";

/** The words of the field `feature`, sorted and without duplicates. */
export function featuresDecode(words: readonly string[]): string[] | Refusal {
  if (words.length > limits.features || words.some((word) => Buffer.byteLength(word) > limits.feature)) {
    return invalid(
      `feature has too much in it: at most ${limits.features} words of ${limits.feature} bytes are accepted`,
    );
  }
  return words.every((word) => /^[\x21-\x7e]+$/u.test(word))
    ? [...new Set(words)].toSorted()
    : invalid("feature has a character that is not visible ASCII: expected words such as vendor-data");
}
