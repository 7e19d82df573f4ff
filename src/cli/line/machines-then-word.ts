import { machineNames } from "./complete-names.ts";

/** Machines, and at the end a word that says what is done to them. @param words the words there are */
export function machinesThenWord(words: readonly string[]) {
  return {
    kind: "array",
    minimum: 1,
    parameter: {
      brief: `Machines by id or name, then ${words.join("|")}`,
      placeholder: "ID",
      parse: (value: string): string => value,
      proposeCompletions: machineNames,
    },
  } as const;
}
