import type pg from "pg";
import { clientOpen } from "../connection/client.ts";
import type { DatabaseAddress } from "../address/database-address.ts";
import { connectionSettings } from "../connect.ts";
import { backupTables, quoted, type BackupTable } from "./backup-tables.ts";
import { copyOut } from "./copy.ts";
import { DatabaseError, translate } from "../errors.ts";

/** What a backup says of itself before its tables. */
export interface BackupHead {
  /** The database's time; what had committed by then is in it. */
  takenAt: string;
  postgres: string;
  /** The schema that the tables are of. */
  migrations: { version: number; name: string; checksum: string }[];
  sequences: { name: string; value: string; called: boolean }[];
  /** Of history, one a month. */
  partitions: string[];
}

/** Where a backup goes. */
export interface BackupSink {
  head(head: BackupHead): Promise<void>;
  /** `rows` in PostgreSQL's text format. */
  table(table: BackupTable, rows: AsyncIterable<Uint8Array>): Promise<void>;
}

/**
 * Reads the whole database as it is at one moment, whoever writes meanwhile: one snapshot, which locks nothing but changes
 * of the schema.
 * @throws {DatabaseError} `unavailable`; `schema` where there is none
 */
export async function databaseBackup(address: DatabaseAddress, sink: BackupSink): Promise<BackupHead> {
  // A great table takes longer than any statement of a server's may.
  const client = clientOpen(address, { ...backupSettings, application_name: "farrier backup" });
  // What breaks the connection is told by the query that then fails.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const head = await headRead(client);
    await sink.head(head);
    for (const table of await backupTables(client)) {
      const columns = table.columns.map(quoted).join(", ");
      await sink.table(table, copyOut(client, `COPY (SELECT ${columns} FROM ${quoted(table.name)}) TO STDOUT`));
    }
    await client.query("COMMIT");
    return head;
  } catch (error) {
    throw translate(error);
  } finally {
    await client.end().catch(() => undefined); // It is broken already.
  }
}

/** As every connection's, but a statement may take as long as it needs. */
export const backupSettings: pg.ClientConfig = {
  ...connectionSettings,
  statement_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  // Of what the text format depends on, what a server's configuration may have changed.
  options: `${connectionSettings.options} -c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC -c extra_float_digits=3 -c client_encoding=UTF8`,
};

async function headRead(client: pg.ClientBase): Promise<BackupHead> {
  const { rows: there } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS there",
  );
  if (there[0]?.there !== true) {
    throw new DatabaseError(
      "schema",
      "this database is not Farrier's: there is nothing to back up (no schema_migrations)",
    );
  }
  const { rows: migrations } = await client.query<BackupHead["migrations"][number]>(
    "SELECT version, name, checksum FROM schema_migrations ORDER BY version",
  );
  const { rows: names } = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' ORDER BY relname",
  );
  // Sequences know no snapshots: read after it, they are never behind the rows in it.
  const sequences: BackupHead["sequences"] = [];
  for (const { name } of names) {
    const { rows } = await client.query<{ value: string; called: boolean }>(
      `SELECT last_value::text AS value, is_called AS called FROM ${quoted(name)}`,
    );
    sequences.push(...rows.map((row) => ({ name, ...row })));
  }
  const { rows: partitions } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relispartition AND relkind = 'r' AND relname ~ '^history_[0-9]{4}_[0-9]{2}$'
     ORDER BY relname`,
  );
  const { rows: about } = await client.query<{ at: string; version: string }>(
    "SELECT to_char(now(), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at, current_setting('server_version') AS version",
  );
  return {
    takenAt: about[0]?.at ?? "",
    postgres: about[0]?.version ?? "",
    migrations,
    sequences,
    partitions: partitions.map(({ name }) => name),
  };
}
