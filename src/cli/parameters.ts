/** A machine on the command line. */
export const machineParameter = {
  brief: "The machine's id or name",
  placeholder: "ID",
  parse: (value: string): string => value,
} as const;
