import type pg from "pg";
import { clientOpen } from "../connection/client.ts";
import type { DatabaseAddress } from "../address/database-address.ts";
import { connectionSettings } from "../connect.ts";
import { backupTables, quoted, type BackupTable } from "./backup-tables.ts";
import { copyOut } from "./copy.ts";
import { DatabaseError, translate } from "../errors.ts";

/** The head of a backup, before its tables. */
export interface BackupHead {
  /** The database's time; the backup has everything committed by then. */
  takenAt: string;
  postgres: string;
  /** The version of the tables' schema. */
  migrations: { version: number; name: string; checksum: string }[];
  sequences: { name: string; value: string; called: boolean }[];
  /** The monthly partitions of history. */
  partitions: string[];
}

/** Where a backup is written to. */
export interface BackupSink {
  head(head: BackupHead): Promise<void>;
  /** `rows` in PostgreSQL's text format. */
  table(table: BackupTable, rows: AsyncIterable<Uint8Array>): Promise<void>;
}

/**
 * Reads the whole database as of one moment, in one snapshot. It blocks nothing except changes of the schema.
 * @throws {DatabaseError} `unavailable`; `schema` if there is no schema
 */
export async function databaseBackup(address: DatabaseAddress, sink: BackupSink): Promise<BackupHead> {
  // A large table takes longer than a server's statement timeout.
  const client = clientOpen(address, { ...backupSettings, application_name: "farrier backup" });
  // An error of the connection is reported by the query that then fails.
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
    await client.end().catch(() => undefined); // The connection is broken already.
  }
}

/** Like every connection's, but without a statement timeout. */
export const backupSettings: pg.ClientConfig = {
  ...connectionSettings,
  statement_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  // Settings that affect the text format and that a server's configuration may have changed.
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
  // Sequences are not part of a snapshot. Read after it, they are never behind its rows.
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
