import type { Starters } from "./starters.ts";

/** Where a command writes. */
export interface Output {
  /** @param done is called once the text is written out, or can't be */
  write(text: string, done?: () => void): unknown;
  /** True if it is a terminal. */
  isTTY?: boolean | undefined;
  /** Width of the terminal in characters. */
  columns?: number | undefined;
}

/** What every command gets (stricli's `this`). */
export interface CliContext {
  readonly process: {
    readonly stdout: Output;
    readonly stderr: Output;
    readonly env: Readonly<Record<string, string | undefined>>;
    exitCode?: number | string | null;
  };
  readonly starters: Starters;
  /** Log at level debug, and show stack traces. */
  readonly debug: boolean;
}
