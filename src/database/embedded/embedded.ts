import { join, resolve } from "node:path";
import pg from "pg";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { describeError, errorCode } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { type RetryDelays, retryDelay } from "../../lib/retry.ts";
import { directoryLock } from "./directory-lock.ts";
import { accessWrite } from "./embedded-access.ts";
import { binariesPrepare } from "./embedded-binaries.ts";
import { EmbeddedError } from "./embedded-error.ts";
import { databaseInitialise, databaseName } from "./embedded-initialise.ts";
import { orphanStop } from "./embedded-orphan.ts";
import { type Postmaster, type PostmasterOptions, postmasterStart } from "./embedded-process.ts";
import { defaultSettings, fixedSettings, port } from "./embedded-settings.ts";
import { socketDirectory } from "./embedded-socket.ts";
import { makeDirectory } from "../../lib/host/make-directory.ts";
import { runUser } from "./embedded-user.ts";

/** What node-postgres needs to connect. */
export interface EmbeddedConnection {
  /** The directory of the Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** A PostgreSQL that runs until this is disposed, and is restarted if it dies before. */
export interface EmbeddedPostgres extends AsyncDisposable {
  readonly connection: EmbeddedConnection;
  /** The postmaster's; undefined while it is down. */
  readonly pid: number | undefined;
}

/** Milliseconds between restarts; they begin at the first value again after the postmaster has run for a minute. */
const restartPolicy: RetryDelays = { initial: 200, maximum: 10_000, factor: 2 };
const steadyAfter = 60_000;

/**
 * Starts an embedded PostgreSQL on `directory`, which it creates, initialises and locks. As root it runs as another
 * user. It listens on a Unix socket only; embedded-settings.ts has the other settings.
 * @throws {EmbeddedError} naming what prevents the start
 */
export async function embeddedStart(options: {
  readonly directory: string;
  readonly log: Logger;
  /** A directory with other programs of PostgreSQL, instead of the installed package's. */
  readonly binaries?: string | undefined;
  /** PostgreSQL's user if this process is root; absent: see embedded-user.ts. */
  readonly user?: string | undefined;
  /** Override the defaults of embedded-settings.ts. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Called when PostgreSQL was started and is not ready yet: for what can be done meanwhile. */
  readonly spawned?: () => void;
}): Promise<EmbeddedPostgres> {
  const { log, clock = systemClock } = options;
  const directory = resolve(options.directory);
  const settings = { ...defaultSettings, ...options.settings, ...fixedSettings };
  await using stack = new AsyncDisposableStack();
  await makeDirectory(directory);
  stack.use(await directoryLock(directory, "postgres"));
  const user = await runUser(join(directory, "data"), { log, name: options.user });
  const binaries = await binariesPrepare({ binaries: options.binaries, user, directory, log });
  const data = await databaseInitialise({
    directory,
    binaries,
    user,
    sync: settings["fsync"] !== "off",
    // An orphan that still runs must not lose its files to another user.
    handOver: async (from) => {
      log.warn({ data: from, user: user?.uid }, "the database's files are given to the user that PostgreSQL runs as");
      await orphanStop(from, { clock, log });
    },
  });
  await accessWrite(data, user);
  const { host } = stack.use(await socketDirectory(data));
  const supervised = stack.use(
    await supervise({ directory, data, binaries, user, settings, clock, log }, options.spawned),
  );
  const connection = { host, port, user: databaseName, database: databaseName };
  await ensureDatabase(connection);
  log.info({ version: binaries.version, data, pid: supervised.pid }, "PostgreSQL is up");
  const release = stack.move();
  return {
    connection,
    get pid() {
      return supervised.pid;
    },
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

interface Supervised extends AsyncDisposable {
  readonly pid: number | undefined;
}

async function supervise(options: PostmasterOptions, spawned: (() => void) | undefined): Promise<Supervised> {
  const { clock, log } = options;
  const stopping = new AbortController();
  let current: Postmaster | undefined = await startFirst({ ...options, spawned }, stopping.signal);

  const keepUp = async (): Promise<void> => {
    let attempt = 0;
    let since = clock.monotonic();
    while (!stopping.signal.aborted) {
      if (current !== undefined) {
        const why = await current.ended;
        current = undefined;
        if (stopping.signal.aborted) {
          return;
        }
        attempt = clock.monotonic() - since > steadyAfter ? 0 : attempt;
        log.error({ why, attempt }, "PostgreSQL died: starting it again");
      }
      try {
        await clock.sleep(retryDelay(restartPolicy, attempt), stopping.signal);
        attempt += 1;
        current = await postmasterStart(options, stopping.signal);
        since = clock.monotonic();
        log.info({ pid: current.pid, attempt }, "PostgreSQL is up again");
      } catch (error) {
        if (!stopping.signal.aborted) {
          log.error({ error: describeError(error), attempt }, "PostgreSQL could not be started again");
        }
      }
    }
  };

  const kept = keepUp();
  return {
    get pid() {
      return current?.pid;
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort(new Error("the embedded PostgreSQL is being stopped"));
      await Promise.all([current?.stop(), kept]);
      // A PostgreSQL that came up at this very moment.
      await current?.stop();
    },
  };
}

/**
 * Start failures that pass by themselves, in PostgreSQL's words. Children of a killed postmaster hold its shared memory
 * for a moment. A postmaster whose parent was killed before it had written postmaster.pid writes it now, and the next
 * attempt stops it.
 */
const passing = ["is still in use", 'lock file "postmaster.pid" already exists'] as const;

/** Retries while the reason of the failure passes by itself; any other failure is final. */
async function startFirst(options: PostmasterOptions, signal: AbortSignal): Promise<Postmaster> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await postmasterStart(options, signal);
    } catch (error) {
      const lingering = error instanceof EmbeddedError && passing.some((words) => error.message.includes(words));
      if (!lingering || attempt >= 20) {
        throw error;
      }
      await options.clock.sleep(retryDelay(restartPolicy, Math.min(attempt, 3)), signal);
    }
  }
}

/** Creates the database if the last step done here was initdb. */
async function ensureDatabase(connection: EmbeddedConnection): Promise<void> {
  try {
    await withClient(connection, async () => undefined);
  } catch (error) {
    // 3D000 invalid_catalog_name: there is no such database.
    if (errorCode(error) !== "3D000") {
      throw error;
    }
    await withClient({ ...connection, database: "postgres" }, async (client) => {
      await client.query(`CREATE DATABASE ${databaseName}`);
    });
  }
}

async function withClient(connection: EmbeddedConnection, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 30_000 });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
