import { execFile } from "node:child_process";
import { errorCode } from "../../lib/errors.ts";

/** The result of running a program. */
export type ToolOutcome =
  /** With any exit status: some programs report the disk's health by it. */
  | { kind: "ran"; output: Buffer }
  /** The program is not installed. */
  | { kind: "absent" }
  /** It was stopped, or wrote too much. */
  | { kind: "failed"; message: string };

/** Runs a program that queries a disk. Never throws. */
export type RunTool = (program: string, args: readonly string[]) => Promise<ToolOutcome>;

/** Milliseconds. */
const timeLimit = 10_000;
const outputLimit = 1 << 20;

/** Runs a program of this host for at most ten seconds: a program that hangs in a dead disk can't even be killed. */
export const runTool: RunTool = (program, args) => runToolFor(timeLimit, program, args);

/** The same with a limit of `limit` milliseconds, plus one second for its end. */
export function runToolFor(limit: number, program: string, args: readonly string[]): Promise<ToolOutcome> {
  return new Promise((resolve) => {
    const late = setTimeout(
      () => resolve({ kind: "failed", message: `${program} did not end within ${limit / 1000} s` }),
      limit + 1_000,
    );
    const options = { encoding: "buffer", timeout: limit, killSignal: "SIGKILL", maxBuffer: outputLimit } as const;
    const child = execFile(program, args, options, (error, stdout) => {
      clearTimeout(late);
      const exited = error === null || typeof error.code === "number";
      if (exited) {
        resolve({ kind: "ran", output: stdout });
      } else if (errorCode(error) === "ENOENT" || errorCode(error) === "EACCES") {
        resolve({ kind: "absent" });
      } else {
        resolve({ kind: "failed", message: `${program} was stopped: it took too long or wrote too much` });
      }
    });
    // The agent can end although the program has not.
    child.unref();
  });
}
