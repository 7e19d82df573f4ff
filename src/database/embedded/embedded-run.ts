import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import type { RunUser } from "./embedded-user.ts";

/** The result of a short-lived program. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** PostgreSQL gets nothing of this process' environment: PGPORT and similar variables would change its behaviour. */
export const postgresEnvironment: Readonly<Record<string, string>> = {
  LC_ALL: "C",
  TZ: "UTC",
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
};

/** Where a program finds the directory that was opened for it, see `runPostgresProgram`. */
export const openedDirectory = "/proc/self/fd/3";

/**
 * Runs one of PostgreSQL's programs to its end, as `user`. It does not outlive a normal exit of this process.
 * `directory` is passed as open descriptor 3; through that the program can use it even below directories that are
 * closed to it (/root).
 * @throws the system's error (EACCES, ENOENT) if it can't be started
 */
export async function runPostgresProgram(
  program: string,
  args: readonly string[],
  { user, directory }: { user: RunUser | undefined; directory?: string },
): Promise<RunResult> {
  await using handle = directory === undefined ? undefined : await open(directory, "r");
  const child = spawn(program, args, {
    cwd: "/",
    ...user,
    env: postgresEnvironment,
    stdio: ["ignore", "pipe", "pipe", handle?.fd ?? "ignore"],
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.on("exit", kill);
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      let stdout = "";
      let stderr = "";
      child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
      child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  } finally {
    process.off("exit", kill);
  }
}
