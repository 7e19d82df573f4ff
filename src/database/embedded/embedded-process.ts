import { spawn, type ChildProcess } from "node:child_process";
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { PostgresBinaries } from "./embedded-binaries.ts";
import { EmbeddedError } from "./embedded-error.ts";
import { logOpen, logTail } from "./embedded-log.ts";
import { directoryMark, directorySetting, orphanStop, stopSteps } from "./embedded-orphan.ts";
import { openedDirectory, postgresEnvironment } from "./embedded-run.ts";
import { settingArguments, socketNames } from "./embedded-settings.ts";
import type { RunUser } from "./embedded-user.ts";

/** The options of a postmaster, the same for each of its starts. */
export interface PostmasterOptions {
  readonly directory: string;
  readonly data: string;
  readonly binaries: PostgresBinaries;
  readonly user: RunUser | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once the program runs, before it takes connections. */
  readonly spawned?: (() => void) | undefined;
}

/** A running PostgreSQL that accepts connections. */
export interface Postmaster {
  readonly pid: number;
  /** Resolves to why it ended, with the last lines of its log; never rejects. */
  readonly ended: Promise<string>;
  /** Shuts it down: open transactions are rolled back, committed data is kept. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL and waits until it accepts connections, however long recovery takes.
 * @throws {EmbeddedError} start_failed with its last log lines; the signal's reason if aborted
 */
export async function postmasterStart(options: PostmasterOptions, signal: AbortSignal): Promise<Postmaster> {
  const { data, clock } = options;
  const stale = await orphanStop(data, options);
  // No process of ours serves here, so the socket's lock file is left over.
  for (const name of socketNames) {
    await rm(join(data, name), { force: true });
  }
  await using opened = await open(data, "r");
  await using output = await logOpen(options.directory);
  const child = spawn(
    join(options.binaries.bin, "postgres"),
    [
      ...["-D", openedDirectory, ...settingArguments(options.settings)],
      ...settingArguments({ [directorySetting]: await directoryMark(data) }),
    ],
    {
      cwd: "/",
      ...options.user,
      // A session of its own, so that Ctrl-C at the terminal reaches Farrier only, which stops PostgreSQL after
      // everything has drained.
      detached: true,
      stdio: ["ignore", output.fd, output.fd, opened.fd],
      env: {
        ...postgresEnvironment,
        // PostgreSQL takes a live process with the pid in postmaster.pid for a rival; here that pid is known to be
        // another program's. The check for left-over shared memory stays active (CreateLockFile in miscinit.c).
        ...(stale === undefined ? {} : { PG_GRANDPARENT_PID: String(stale) }),
      },
    },
  );
  options.spawned?.();
  const closed = closing(child);
  const onExit = (): void => void child.kill("SIGINT");
  process.on("exit", onExit);
  const { path, begin } = output;
  const ended = closed.then(async (how) => {
    process.off("exit", onExit);
    return `PostgreSQL ${how}; the last lines of ${path}: ${await logTail({ path, begin })}`;
  });
  const stop = async (): Promise<void> => await stopChild(child, closed, clock);
  try {
    await ready(child, closed, options, signal);
  } catch (error) {
    await stop();
    signal.throwIfAborted();
    throw new EmbeddedError("start_failed", `cannot start the database in ${data}: ${await ended}`, { cause: error });
  }
  // A child that was seen serving has a pid.
  return { pid: child.pid ?? 0, ended, stop };
}

async function closing(child: ChildProcess): Promise<string> {
  return await new Promise((resolve) => {
    child.on("error", (error) => {
      // A failed kill leads here too; only a child without a pid never started.
      if (child.pid === undefined) {
        resolve(`could not be started (${error.message})`);
      }
    });
    child.on("exit", (code, signal) =>
      resolve(signal === null ? `ended with exit status ${code}` : `was ended by ${signal}`),
    );
  });
}

/** Line 8 of postmaster.pid says "ready" (LOCK_FILE_LINE_PM_STATUS in pidfile.h). */
async function ready(
  child: ChildProcess,
  closed: Promise<string>,
  { data, clock, log }: PostmasterOptions,
  signal: AbortSignal,
): Promise<void> {
  let over = false;
  void closed.then(() => (over = true));
  let report = clock.monotonic() + 10_000;
  for (;;) {
    signal.throwIfAborted();
    if (over) {
      throw new EmbeddedError("start_failed", `PostgreSQL ${await closed}`);
    }
    if (await isReady(join(data, "postmaster.pid"), child.pid)) {
      return;
    }
    if (clock.monotonic() > report) {
      log.info({ pid: child.pid }, "PostgreSQL is still recovering");
      report += 10_000;
    }
    await clock.sleep(4);
  }
}

async function isReady(path: string, pid: number | undefined): Promise<boolean> {
  try {
    const lines = (await readFile(path, "utf8")).split("\n");
    return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
  } catch {
    // Not written yet.
    return false;
  }
}

async function stopChild(child: ChildProcess, closed: Promise<string>, clock: Clock): Promise<void> {
  for (const [signal, patience] of stopSteps) {
    child.kill(signal);
    const waited = new AbortController();
    const timer = clock.sleep(patience, waited.signal).then(
      () => false,
      () => false,
    );
    const gone = await Promise.race([closed.then(() => true), timer]);
    waited.abort();
    if (gone) {
      return;
    }
  }
  await closed;
}
