/** The positional parameter of commands on one provider. */
export const oneProvider = {
  kind: "tuple",
  parameters: [{ brief: "Name of the provider", placeholder: "NAME", parse: (text: string): string => text }],
} as const;
