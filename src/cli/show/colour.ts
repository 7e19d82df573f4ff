import type { CliContext } from "../context.ts";

/** True if output is coloured: on a terminal with colours, unless NO_COLOR is set (https://no-color.org). */
export function hasColour({ process: { stdout, env } }: CliContext): boolean {
  return stdout.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

const codes = { bold: "1", red: "31", green: "32", yellow: "33", magenta: "35" } as const;

/** A colour or style. */
export type Colour = keyof typeof codes;

/** Words of states, with their colour. */
const words: readonly [RegExp, Colour][] = [
  [/^(?:installed|ready|succeeded|ok)\b/u, "green"],
  [/\b(?:failed|lost|silent|expired|revoked|[a-z]+_denied|unauthenticated|failed_precondition|overdue)\b/u, "red"],
  [/^(?:quarantined|cancelled)\b/u, "magenta"],
  [
    /^(?:install-pending|coming-up|installing|starting-agent|recovering|backing-off|awaiting-agent|pending)\b/u,
    "yellow",
  ],
];

/** Columns whose words are coloured. */
const columns = new Set(["STATE", "REQUEST", "CODE", "STATUS"]);

/** Styles a table's cell: titles (no `title`) in bold, states in their colour. */
export function paint(text: string, title: string): string {
  if (title === "") {
    return coloured(text, "bold");
  }
  // In the column REQUEST the generation stands before the state.
  const found = columns.has(title) ? words.find(([word]) => word.test(text.replace(/^\d+ /u, ""))) : undefined;
  return found === undefined ? text : coloured(text, found[1]);
}

/** Returns the text in a colour. */
export function coloured(text: string, colour: Colour): string {
  return `\u001B[${codes[colour]}m${text}\u001B[0m`;
}
