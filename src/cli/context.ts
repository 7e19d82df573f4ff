import type { Starters } from "./starters.ts";

/** Where a command writes. */
export interface Output {
  write(text: string): void;
  /** True on a terminal. */
  isTTY?: boolean | undefined;
  /** Characters on a line of the terminal. */
  columns?: number | undefined;
}

/** What every command works with (stricli's `this`). */
export interface CliContext {
  readonly process: {
    readonly stdout: Output;
    readonly stderr: Output;
    readonly env: Readonly<Record<string, string | undefined>>;
    exitCode?: number | string | null;
  };
  readonly starters: Starters;
  /** Show stack traces, and log at debug. */
  readonly debug: boolean;
}
