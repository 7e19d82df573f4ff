import { z } from "zod";
import { wordOf, type Words } from "../../contract/words/table.ts";

/** A field with a value of an enum, read as its word. @param message what was expected */
export function wordField<Table extends Words>(words: Table, message: string) {
  return z.number().transform((value, context): Table[keyof Table] => {
    const word = wordOf(words, value);
    if (word === undefined) {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
    return word;
  });
}
