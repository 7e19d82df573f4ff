import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { directoryLock } from "../../src/database/embedded/directory-lock.ts";
import { type EmbeddedConnection, embeddedStart } from "../../src/database/embedded/embedded.ts";
import { orphanStop } from "../../src/database/embedded/embedded-orphan.ts";
import { migrate } from "../../src/database/migrate.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger, type Logger } from "../../src/lib/log.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The run's PostgreSQL; testDatabase makes a database in it. */
    postgres: EmbeddedConnection;
  }
}

/** The migrated database that testDatabase copies. */
export const templateName = "farrier_template";

const prefix = "farrier-test-postgres-";

/**
 * One PostgreSQL for the whole run: the embedded one, or the one in the directory FARRIER_TEST_POSTGRES_BIN. Nothing in it
 * outlives the run, so nothing is flushed to the disk.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const log = createLogger({ level: "warn", component: "test" });
  await removeLeftovers(log);
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), prefix));
  stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const postgres = stack.use(
    await embeddedStart({
      directory,
      log,
      binaries: process.env["FARRIER_TEST_POSTGRES_BIN"],
      settings: {
        ...{ fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "200" },
        // Hundreds of databases are copied.
        ...{ wal_level: "minimal", max_wal_senders: "0", wal_compression: "off" },
      },
    }),
  );
  await makeTemplate(postgres.connection);
  project.provide("postgres", postgres.connection);
  const release = stack.move();
  return async () => await release.disposeAsync();
}

async function makeTemplate(connection: EmbeddedConnection): Promise<void> {
  const pool = new pg.Pool({ ...connection, max: 1 });
  const template = new pg.Pool({ ...connection, database: templateName, max: 1 });
  try {
    await pool.query(`CREATE DATABASE ${templateName}`);
    await migrate(template);
    await template.end();
    // A template with a connection cannot be copied: nobody gets one.
    await pool.query(`ALTER DATABASE ${templateName} WITH ALLOW_CONNECTIONS false`);
  } finally {
    await pool.end();
    if (!template.ended) {
      await template.end();
    }
  }
}

/** What a killed run left behind. Runs that are under way stay: theirs are locked, or still empty. */
async function removeLeftovers(log: Logger): Promise<void> {
  for (const name of (await readdir(tmpdir())).filter((entry) => entry.startsWith(prefix))) {
    const directory = join(tmpdir(), name);
    try {
      if ((await readdir(directory)).length === 0) {
        continue;
      }
      await using _lock = await directoryLock(directory, "postgres");
      await orphanStop(join(directory, "data"), { clock: systemClock, log });
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // In use, or another user's: theirs to remove.
    }
  }
}
