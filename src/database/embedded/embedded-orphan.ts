import { readFile, readlink, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { errorCode } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { EmbeddedError } from "./embedded-error.ts";

/** The setting on a postmaster's command line that identifies its data directory as Farrier's. */
export const directorySetting = "farrier.directory";

/** Device and inode of the data directory, as on the command line. */
export async function directoryMark(data: string): Promise<string> {
  const { dev, ino } = await stat(data, { bigint: true });
  return `${dev}:${ino}`;
}

/**
 * True if the process is a PostgreSQL on this data directory, according to its program and working directory. If the
 * kernel hides these (root in a container without CAP_SYS_PTRACE), its command line decides.
 */
export async function isOurPostmaster(pid: number, data: string): Promise<boolean> {
  const proc = `/proc/${pid}`;
  try {
    const program = basename(await readlink(`${proc}/exe`)).replace(/ \(deleted\)$/u, "");
    const [theirs, ours] = await Promise.all([stat(`${proc}/cwd`, { bigint: true }), stat(data, { bigint: true })]);
    return program === "postgres" && theirs.dev === ours.dev && theirs.ino === ours.ino;
  } catch (error) {
    if (errorCode(error) !== "EACCES" && errorCode(error) !== "EPERM") {
      return false;
    }
  }
  try {
    const words = (await readFile(`${proc}/cmdline`, "utf8")).split("\0");
    const [owner, ours] = await Promise.all([stat(proc), stat(data)]);
    return (
      owner.uid === ours.uid &&
      basename(words[0] ?? "") === "postgres" &&
      words.includes(`${directorySetting}=${await directoryMark(data)}`)
    );
  } catch {
    // The process has ended meanwhile.
    return false;
  }
}

/**
 * Prepares the data directory for a start: stops a PostgreSQL that a killed parent left behind, and removes files that
 * would prevent a start. No other process is ever signalled.
 * @returns the pid in postmaster.pid if that process is not ours (dead, or another program by now)
 * @throws {EmbeddedError} start_failed if it can't be stopped
 */
export async function orphanStop(
  data: string,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<number | undefined> {
  const path = join(data, "postmaster.pid");
  const pid = await readPid(path);
  if (pid === "unreadable") {
    // Truncated by a power failure; PostgreSQL would refuse to start over it.
    log.warn({ path }, "removing a postmaster.pid without a pid in it");
    await rm(path);
    return undefined;
  }
  if (pid === undefined || !(await isOurPostmaster(pid, data))) {
    return pid;
  }
  log.warn({ pid, data }, "a PostgreSQL left over from an earlier run uses this directory: stopping it");
  for (const [signal, patience] of stopSteps) {
    if (!(await isOurPostmaster(pid, data))) {
      return pid;
    }
    process.kill(pid, signal);
    const deadline = clock.monotonic() + patience;
    while (clock.monotonic() < deadline) {
      await clock.sleep(10);
      if (!(await isOurPostmaster(pid, data))) {
        return pid;
      }
    }
  }
  throw new EmbeddedError(
    "start_failed",
    `process ${pid} is a PostgreSQL that still works in ${data} and does not stop: end it by hand, then start again`,
  );
}

/** Fast shutdown, then immediate shutdown, with the milliseconds that each may take (PostgreSQL's manual, 18.5). */
export const stopSteps = [
  ["SIGINT", 30_000],
  ["SIGQUIT", 10_000],
  ["SIGKILL", 5000],
] as const satisfies readonly (readonly [NodeJS.Signals, number])[];

/** The first line of postmaster.pid; single-user mode writes the pid negated. */
async function readPid(path: string): Promise<number | undefined | "unreadable"> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
  const pid = Math.abs(Number(text.split("\n")[0]?.trim()));
  return Number.isSafeInteger(pid) && pid > 0 ? pid : "unreadable";
}
