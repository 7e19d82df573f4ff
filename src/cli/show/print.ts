import type { CliContext } from "../context.ts";

/** Characters that a line of standard output holds; undefined where it is not a terminal. */
export function outputWidth({ process: { stdout } }: CliContext): number | undefined {
  // A terminal that does not know its width says 0.
  return stdout.isTTY === true ? stdout.columns || undefined : undefined;
}

/** True for lines too short for all columns of a wide table: it then leaves out what tells least. */
export function isNarrow(width: number | undefined): boolean {
  return width !== undefined && width < 120;
}
