import type pg from "pg";

/** A table of the database, with the columns that a backup holds. */
export interface BackupTable {
  name: string;
  /** All but generated ones, and but transaction ids: those mean something in their own database alone. */
  columns: string[];
}

/** Quotes a name for SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Every table, those that others refer to before these. Partitions are in their parent. Agents' logs and refused callers
 * are left out: they tell of the moment, and logs of a fleet would be most of it. So are codes and sessions of the
 * console: who restores a backup lets no browser in.
 */
export async function backupTables(client: pg.ClientBase): Promise<BackupTable[]> {
  const { rows: tables } = await client.query<BackupTable>(`
    SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname NOT IN ('schema_migrations', 'machine_agent_log', 'agent_refused',
        'console_link', 'console_session')
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.atttypid <> 'xid8'::regtype
    GROUP BY c.relname ORDER BY c.relname`);
  const { rows: references } = await client.query<{ child: string; parent: string }>(`
    SELECT c.relname AS child, p.relname AS parent FROM pg_constraint o
    JOIN pg_class c ON c.oid = o.conrelid JOIN pg_class p ON p.oid = o.confrelid
    WHERE o.contype = 'f' AND c.relnamespace = 'public'::regnamespace AND c.oid <> p.oid`);
  return parentsFirst(tables, references);
}

/** Orders tables so that no row is there before the one it refers to. Pure. @throws {Error} where they refer in a circle */
export function parentsFirst(
  tables: readonly BackupTable[],
  references: readonly { child: string; parent: string }[],
): BackupTable[] {
  const ordered: BackupTable[] = [];
  let left = [...tables];
  while (left.length > 0) {
    const names = new Set(left.map(({ name }) => name));
    const free = left.filter(
      ({ name }) => !references.some(({ child, parent }) => child === name && names.has(parent)),
    );
    if (free.length === 0) {
      throw new Error(`tables refer to each other in a circle: ${[...names].join(", ")}`);
    }
    ordered.push(...free);
    left = left.filter((table) => !free.includes(table));
  }
  return ordered;
}
