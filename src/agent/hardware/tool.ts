import { execFile } from "node:child_process";
import { errorCode } from "../../lib/errors.ts";

/** What came of running a program. */
export type ToolOutcome =
  /** Whatever its exit status: some say with it how the disk is. */
  | { kind: "ran"; output: Buffer }
  /** There is no such program here. */
  | { kind: "absent" }
  /** It was stopped, or wrote too much. */
  | { kind: "failed"; message: string };

/** Runs a program that asks a disk something. Never throws. */
export type RunTool = (program: string, args: readonly string[]) => Promise<ToolOutcome>;

/** Milliseconds. */
const timeLimit = 10_000;
const outputLimit = 1 << 20;

/** Runs a program of this host, for ten seconds at most: one that hangs in a dead disk cannot even be killed. */
export const runTool: RunTool = (program, args) => runToolFor(timeLimit, program, args);

/** The same, for so many milliseconds and a second. */
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
    // The agent ends when it is told to, whether or not the program does.
    child.unref();
  });
}
