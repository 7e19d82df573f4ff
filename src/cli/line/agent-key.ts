/** An agent's key on the command line. */
export const agentKeyParameter = {
  brief: "The agent's key, or its first 16 or more characters",
  placeholder: "KEY",
  parse: (value: string): string => value,
} as const;
