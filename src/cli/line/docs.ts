/** A command's help: its description and examples. */
export function docs(
  brief: string,
  more: string,
  examples: readonly string[],
): { brief: string; fullDescription: string } {
  const lines = examples.map((example) => `  ${example}`);
  const status = "Exit status: 0 done, 1 failed or refused, 2 wrong command line,\n  3 unreachable, 4 not authorised";
  return { brief, fullDescription: [more === "" ? brief : more, "", "Examples:", ...lines, "", status].join("\n") };
}
