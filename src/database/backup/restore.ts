import type pg from "pg";
import { clientOpen } from "../connection/client.ts";
import { backupSettings, type BackupHead } from "./backup.ts";
import { backupTables, quoted, type BackupTable } from "./backup-tables.ts";
import type { DatabaseAddress } from "../address/database-address.ts";
import type { Database } from "../connect.ts";
import { copyIn } from "./copy.ts";
import { DatabaseError, translate } from "../errors.ts";
import { migrate } from "../migrate.ts";

/** Where a backup is read from: the head first, then the tables in the order in which they were written. */
export interface BackupSource {
  head: BackupHead;
  tables: AsyncIterable<{ table: BackupTable; rows: AsyncIterable<Uint8Array> }>;
}

/**
 * A database is in use if one of these tables has rows: all other tables belong to a machine or hold configuration that
 * migrations insert.
 */
const telling: ReadonlySet<string> = new Set([
  "machines",
  "machine_tombstones",
  "history",
  "sessions",
  "operator_command",
  "operator_token",
  "operator_audit",
]);

/**
 * Restores a backup into an empty database, all or nothing. Migrates to the backup's schema first, and to this binary's
 * schema afterwards.
 * @throws {DatabaseError} `refused` if the database is in use; `schema` if this binary does not know the backup's
 * schema; `unavailable`
 */
export async function databaseRestore(
  { database, address }: { database: Database; address: DatabaseAddress },
  source: BackupSource,
): Promise<{ tables: number; rows: number }> {
  await emptyMust(database.pool);
  const version = source.head.migrations.at(-1)?.version ?? 0;
  await migrate(database.pool, { upTo: version });
  await schemaMust(database.pool, source.head);
  const client = clientOpen(address, { ...backupSettings, application_name: "farrier restore" });
  // An error of the connection is reported by the query that then fails.
  client.on("error", () => undefined);
  let restored: { tables: number; rows: number };
  try {
    await client.connect();
    await client.query("BEGIN");
    restored = await restoreTables(client, source);
    await client.query("COMMIT");
    await client.query("ANALYZE");
  } catch (error) {
    throw translate(error);
  } finally {
    await client.end().catch(() => undefined); // The connection is broken already.
  }
  await migrate(database.pool);
  // Browsers may have signed in to this database before.
  await database.pool.query("DELETE FROM console_link");
  await database.pool.query("DELETE FROM console_session");
  return restored;
}

async function restoreTables(client: pg.ClientBase, source: BackupSource): Promise<{ tables: number; rows: number }> {
  const known = new Map((await backupTables(client)).map((table) => [table.name, table]));
  // Disables triggers (guards, notifications, derived states): the rows already have their effects. Foreign keys are
  // checked.
  const names = [...known.keys()];
  await each(names, (name) => client.query(`LOCK TABLE ${quoted(name)} IN ACCESS EXCLUSIVE MODE`));
  await each(names, (name) => client.query(`ALTER TABLE ${quoted(name)} DISABLE TRIGGER USER`));
  // Another process may have written since the first check.
  await each(names, async (name) => {
    await (telling.has(name) ? emptyTableMust(client, name) : client.query(`DELETE FROM ${quoted(name)}`));
  });
  await partitionsEnsure(client, source.head.partitions);
  let rows = 0;
  let tables = 0;
  for await (const { table, rows: data } of source.tables) {
    const own = known.get(table.name);
    if (own === undefined || table.columns.some((column) => !own.columns.includes(column))) {
      throw new DatabaseError(
        "schema",
        `the backup has a table ${table.name} that this schema does not: it is damaged`,
      );
    }
    const columns = table.columns.map(quoted).join(", ");
    rows += await copyIn(client, `COPY ${quoted(table.name)} (${columns}) FROM STDIN`, data);
    tables += 1;
    known.delete(table.name);
  }
  if (known.size > 0) {
    throw new DatabaseError("schema", `the backup lacks tables (${[...known.keys()].join(", ")}): it is damaged`);
  }
  for (const { name, value, called } of source.head.sequences) {
    await client.query("SELECT setval($1::regclass, $2::bigint, $3)", [quoted(name), value, called]);
  }
  await each(names, (name) => client.query(`ALTER TABLE ${quoted(name)} ENABLE TRIGGER USER`));
  return { tables, rows };
}

async function each<Item>(items: readonly Item[], action: (item: Item) => Promise<unknown>): Promise<void> {
  for (const item of items) {
    await action(item);
  }
}

/** Makes the monthly partitions of the backup's history; their names say which month they hold. */
async function partitionsEnsure(client: pg.ClientBase, partitions: readonly string[]): Promise<void> {
  for (const name of partitions) {
    const match = /^history_(?<year>\d{4})_(?<month>\d{2})$/u.exec(name);
    if (match === null) {
      throw new DatabaseError("schema", `the backup names a partition ${JSON.stringify(name)}: it is damaged`);
    }
    const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass($1) IS NOT NULL AS there", [name]);
    if (rows[0]?.there !== true) {
      const from = Date.UTC(Number(match.groups?.["year"]), Number(match.groups?.["month"]) - 1);
      const to = new Date(from);
      to.setUTCMonth(to.getUTCMonth() + 1);
      const bounds = `FROM ('${new Date(from).toISOString()}') TO ('${to.toISOString()}')`;
      await client.query(`CREATE TABLE ${quoted(name)} PARTITION OF history FOR VALUES ${bounds}`);
      await client.query(
        `CREATE TRIGGER history_truncate_guard BEFORE TRUNCATE ON ${quoted(name)}
         FOR EACH STATEMENT EXECUTE FUNCTION history_guard()`,
      );
    }
  }
}

/** @throws {DatabaseError} `refused` */
async function emptyMust(pool: pg.Pool): Promise<void> {
  const client = await pool.connect().catch((error: unknown) => Promise.reject(translate(error)));
  try {
    for (const { name } of (await backupTables(client)).filter((table) => telling.has(table.name))) {
      await emptyTableMust(client, name);
    }
  } finally {
    client.release();
  }
}

async function emptyTableMust(client: pg.ClientBase, name: string): Promise<void> {
  const { rowCount } = await client.query(`SELECT FROM ${quoted(name)} LIMIT 1`);
  if (rowCount !== 0) {
    throw new DatabaseError(
      "refused",
      `this database is not empty (the table ${name} has rows): restore into a new one, with no control plane on it`,
    );
  }
}

/** @throws {DatabaseError} `schema` */
async function schemaMust(pool: pg.Pool, head: BackupHead): Promise<void> {
  const { rows } = await pool.query<{ version: number; checksum: string }>(
    "SELECT version, checksum FROM schema_migrations ORDER BY version",
  );
  const text = (migrations: readonly { version: number; checksum: string }[]): string =>
    migrations.map(({ version, checksum }) => `${version} ${checksum}`).join("\n");
  if (text(rows) !== text(head.migrations)) {
    const newest = head.migrations.at(-1);
    throw new DatabaseError(
      "schema",
      `the backup's schema (migration ${newest?.version}, ${newest?.name}) is unknown to this binary: restore it ` +
        "with Farrier of the version that made it, or a later one",
    );
  }
}
