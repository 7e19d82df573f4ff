import { sql } from "kysely";
import type { Database } from "../../connect.ts";

/** Makes the history partitions of the coming months; resolves to the number of missing ones. */
export async function historyPartitionsEnsure(database: Database, monthsAhead: number): Promise<number> {
  const { rows } = await sql<{ made: number }>`SELECT history_partitions_ensure(${monthsAhead}) AS made`.execute(
    database.kysely,
  );
  return rows[0]?.made ?? 0;
}

/** Drops the months of history beyond the retention time; resolves to their partitions' names. */
export async function historyPartitionsDrop(database: Database): Promise<string[]> {
  const { rows } = await sql<{ dropped: string[] }>`SELECT history_partitions_drop() AS dropped`.execute(
    database.kysely,
  );
  return rows[0]?.dropped ?? [];
}
