import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type pg from "pg";
import { DatabaseError } from "./errors.ts";
import { silenceAllow } from "./connection/pool.ts";
import { partitionIndexesBuild } from "./queries/upkeep/partition-indexes.ts";

/** One numbered pair of files in migrations/. */
interface Migration {
  version: number;
  name: string;
  up: string;
  /** Reads the file that takes it back. */
  down: () => Promise<string>;
  /** SHA-256 of the up file, by which an edited migration is noticed. */
  checksum: string;
  /** The oldest binary (by its newest migration's version) that works on the schema after this migration. */
  oldestBinary: number;
  transaction: boolean;
}

interface Applied {
  version: number;
  name: string;
  checksum: string;
  oldest_binary: number;
}

/** Months for which history partitions are made ahead, here and by the janitor. */
export const historyMonthsAhead = 3;

/** Held while migrating: "farrier" as a number. Advisory locks are used for migrations only. */
const advisoryLock = "7377182610914404722";

const directory = new URL("migrations/", import.meta.url);

async function migrations(): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".up.sql")).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const match = /^(?<version>\d{4})_(?<name>[a-z_]+)\.up\.sql$/u.exec(file);
      const up = await readFile(new URL(file, directory), "utf8");
      const oldest = /^-- oldest-binary: (?<version>\d+)$/mu.exec(up)?.groups?.["version"];
      if (match?.groups === undefined || oldest === undefined) {
        throw new DatabaseError("schema", `${file}: expected NNNN_name.up.sql with a line "-- oldest-binary: N"`);
      }
      return {
        version: Number(match.groups["version"]),
        name: match.groups["name"] ?? "",
        up,
        down: () => readFile(new URL(file.replace(".up.", ".down."), directory), "utf8"),
        checksum: createHash("sha256").update(up).digest("hex"),
        oldestBinary: Number(oldest),
        transaction: !up.startsWith("-- no-transaction"),
      };
    }),
  );
}

async function appliedMigrations(client: pg.ClientBase): Promise<Applied[]> {
  const exists = await client.query<{ there: boolean }>(`SELECT to_regclass('schema_migrations') IS NOT NULL AS there`);
  if (exists.rows[0]?.there !== true) {
    return [];
  }
  const { rows } = await client.query<Applied>(
    "SELECT version, name, checksum, oldest_binary FROM schema_migrations ORDER BY version",
  );
  return rows;
}

/** The migrations still to be applied. Throws if this binary can't work with that schema. Pure. */
function missingMigrations(known: Migration[], applied: Applied[]): Migration[] {
  const newest = known.at(-1)?.version ?? 0;
  for (const row of applied) {
    const own = known.find((migration) => migration.version === row.version);
    if (own !== undefined && own.checksum !== row.checksum) {
      throw new DatabaseError(
        "schema",
        `migration ${row.version} (${row.name}) in this database differs from this binary's: it was made by ` +
          "another build. Use that build, or another database.",
      );
    }
    if (row.oldest_binary > newest) {
      throw new DatabaseError(
        "schema",
        `the database's schema is newer (migration ${row.version}, ${row.name}) than this binary can work with ` +
          `(migration ${newest}): run Farrier of the version that migrated it, or a later one`,
      );
    }
  }
  const done = new Set(applied.map((row) => row.version));
  return known.filter((migration) => !done.has(migration.version));
}

async function withAdvisoryLock<T>(pool: pg.Pool, action: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    silenceAllow(client);
    // Another process' migrations may take longer than the usual lock timeout.
    await client.query("SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0");
    await client.query("SELECT pg_advisory_lock($1)", [advisoryLock]);
    try {
      return await action(client);
    } finally {
      await client.query("SELECT pg_advisory_unlock($1)", [advisoryLock]);
      await client.query("RESET lock_timeout; RESET statement_timeout; RESET idle_in_transaction_session_timeout");
    }
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    // After an error the connection is closed, which releases the lock.
    client.release(broken);
  }
}

async function apply(client: pg.ClientBase, migration: Migration, direction: "up" | "down"): Promise<void> {
  const record =
    direction === "up"
      ? {
          text: "INSERT INTO schema_migrations (version, name, checksum, oldest_binary) VALUES ($1, $2, $3, $4)",
          values: [migration.version, migration.name, migration.checksum, migration.oldestBinary],
        }
      : { text: "DELETE FROM schema_migrations WHERE version = $1", values: [migration.version] };
  try {
    if (direction === "up") {
      await partitionIndexesBuild(client, migration.version);
    }
    if (migration.transaction) {
      await client.query("BEGIN");
    }
    await client.query(direction === "up" ? migration.up : await migration.down());
    await client.query(record);
    if (migration.transaction) {
      await client.query("COMMIT");
    }
  } catch (error) {
    throw new DatabaseError("schema", `migration ${migration.version} (${migration.name}) ${direction} failed`, {
      cause: error,
    });
  }
}

/**
 * Migrates the schema to this binary's version. Any number of processes may call it at once: one migrates, and the
 * others find it done. Resolves to the names of the migrations that it applied. `upTo` is the last one to apply, for a
 * backup of an older schema.
 * @throws {DatabaseError} `schema` if the database is newer than this binary can work with, or a migration fails
 */
export async function migrate(pool: pg.Pool, options: { upTo?: number } = {}): Promise<string[]> {
  const { upTo = Number.POSITIVE_INFINITY } = options;
  const known = (await migrations()).filter(({ version }) => version <= upTo);
  return withAdvisoryLock(pool, async (client) => {
    const missing = missingMigrations(known, await appliedMigrations(client));
    if (missing.length > 0) {
      await client.query(
        `CREATE TABLE IF NOT EXISTS schema_migrations (
           version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, oldest_binary integer NOT NULL,
           applied_at timestamptz NOT NULL DEFAULT now())`,
      );
    }
    for (const migration of missing) {
      await apply(client, migration, "up");
    }
    await client.query("SELECT history_partitions_ensure($1)", [historyMonthsAhead]);
    return missing.map((migration) => migration.name);
  });
}

/**
 * Undoes all migrations, for development.
 * @throws {DatabaseError} `refused` if there is history, which would be lost
 */
export async function migrateDown(pool: pg.Pool): Promise<void> {
  const known = await migrations();
  await withAdvisoryLock(pool, async (client) => {
    const applied = new Set((await appliedMigrations(client)).map((row) => row.version));
    if (applied.size > 0) {
      const { rowCount } = await client.query("SELECT FROM history LIMIT 1");
      if (rowCount !== 0) {
        throw new DatabaseError(
          "refused",
          "this database has history, which undoing the migrations would delete: use an empty one",
        );
      }
    }
    for (const migration of known.toReversed().filter(({ version }) => applied.has(version))) {
      await apply(client, migration, "down");
    }
  });
}

/**
 * Checks, without changing anything, that this binary can work with the schema.
 * @throws {DatabaseError} `schema`, with the command to run
 */
export async function migrateCheck(pool: pg.Pool): Promise<void> {
  const known = await migrations();
  const client = await pool.connect();
  try {
    const missing = missingMigrations(known, await appliedMigrations(client));
    if (missing.length > 0) {
      const names = missing.map((migration) => migration.name).join(", ");
      throw new DatabaseError(
        "schema",
        `the database lacks migrations (${names}): run \`farrier migrate\` on it first`,
      );
    }
  } finally {
    client.release();
  }
}
