import type { CliContext } from "../context.ts";

/** Width of standard output in characters; undefined if it is not a terminal. */
export function outputWidth({ process: { stdout } }: CliContext): number | undefined {
  // A terminal of unknown width reports 0.
  return stdout.isTTY === true ? stdout.columns || undefined : undefined;
}

/** True if a wide table does not fit: it then leaves out its less important columns. */
export function isNarrow(width: number | undefined): boolean {
  return width !== undefined && width < 120;
}
