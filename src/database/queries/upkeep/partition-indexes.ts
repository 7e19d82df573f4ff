import pg from "pg";

/** An index that a migration makes on a partitioned table. */
interface PartitionedIndex {
  table: string;
  columns: readonly string[];
}

/**
 * Indexes of partitioned tables by the migration that makes them. PostgreSQL builds such an index with all writes blocked,
 * except on partitions that have one like it.
 */
const partitionedIndexes: ReadonlyMap<number, PartitionedIndex> = new Map([
  [51, { table: "history", columns: ["xact", "id"] }],
]);

/**
 * Before a migration that makes an index on a partitioned table: builds it on each partition that has rows, while others
 * write. Not in a transaction.
 */
export async function partitionIndexesBuild(client: pg.ClientBase, version: number): Promise<void> {
  const wanted = partitionedIndexes.get(version);
  if (wanted === undefined) {
    return;
  }
  const { rows: partitions } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = $1::regclass AND c.relkind = 'r' ORDER BY 1`,
    [wanted.table],
  );
  for (const { name } of partitions) {
    const partition = pg.escapeIdentifier(name);
    const { rowCount } = await client.query(`SELECT FROM ${partition} LIMIT 1`);
    if (rowCount === 0) {
      continue;
    }
    const indexName = `${name}_${wanted.columns.join("_")}_idx`;
    const index = pg.escapeIdentifier(indexName);
    const { rows: broken } = await client.query(
      "SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = $1 AND NOT i.indisvalid",
      [indexName],
    );
    if (broken.length > 0) {
      // An earlier start was ended while it built this one.
      await client.query(`DROP INDEX CONCURRENTLY ${index}`);
    }
    const columns = wanted.columns.map((column) => pg.escapeIdentifier(column)).join(", ");
    await client.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS ${index} ON ${partition} (${columns})`);
  }
}
