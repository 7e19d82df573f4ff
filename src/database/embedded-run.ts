import { spawn } from "node:child_process";
import type { RunUser } from "./embedded-user.ts";

/** What became of a short-lived program. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing of our own environment reaches PostgreSQL: PGPORT and friends would change what it does. */
export const postgresEnvironment: Readonly<Record<string, string>> = {
  LC_ALL: "C",
  TZ: "UTC",
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
};

/**
 * Runs one of PostgreSQL's programs to its end, in `cwd`, as `user`. It does not outlive a normal exit of ours.
 * @throws the system's error (EACCES, ENOENT) when it cannot be started
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd, user }: { cwd: string; user: RunUser | undefined },
): Promise<RunResult> {
  const child = spawn(program, args, { cwd, ...user, env: postgresEnvironment, stdio: ["ignore", "pipe", "pipe"] });
  const kill = (): void => void child.kill("SIGKILL");
  process.on("exit", kill);
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  } finally {
    process.off("exit", kill);
  }
}
