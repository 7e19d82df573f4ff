import { machineNames } from "./complete-names.ts";

/** The positional argument that names a machine. */
export const machineParameter = {
  brief: "The machine's id, its beginning, or the machine's name",
  placeholder: "ID",
  parse: (value: string): string => value,
  proposeCompletions: machineNames,
} as const;

/** One machine on the command line. */
export const oneMachine = { kind: "tuple", parameters: [machineParameter] } as const;
