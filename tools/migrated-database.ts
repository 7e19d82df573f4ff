import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type EmbeddedConnection, embeddedStart } from "../src/database/embedded/embedded.ts";
import { migrate } from "../src/database/migrate.ts";
import { createLogger } from "../src/lib/log.ts";

/** A temporary PostgreSQL with the migrated schema, for tools that generate files from it. */
export interface MigratedDatabase extends AsyncDisposable {
  readonly connection: EmbeddedConnection;
  readonly url: string;
}

/** Starts one: the embedded PostgreSQL, or the programs in the directory FARRIER_TEST_POSTGRES_BIN. */
export async function migratedDatabase(): Promise<MigratedDatabase> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "farrier-tool-"));
  stack.defer(async () => await rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const { connection } = stack.use(
    await embeddedStart({
      directory,
      log: createLogger({ level: "warn", component: "tool" }),
      binaries: process.env["FARRIER_TEST_POSTGRES_BIN"],
      settings: { fsync: "off" },
    }),
  );
  const pool = new pg.Pool({ ...connection, max: 1 });
  try {
    await migrate(pool);
  } finally {
    await pool.end();
  }
  const { host, port, user, database } = connection;
  const url = `postgresql://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
  const release = stack.move();
  return { connection, url, [Symbol.asyncDispose]: async () => await release.disposeAsync() };
}
