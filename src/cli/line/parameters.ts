import { machineNames } from "./complete-names.ts";

/** A machine on the command line. */
export const machineParameter = {
  brief: "The machine's id, its beginning, or the machine's name",
  placeholder: "ID",
  parse: (value: string): string => value,
  proposeCompletions: machineNames,
} as const;
