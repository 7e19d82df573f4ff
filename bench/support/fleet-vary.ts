import type pg from "pg";

/**
 * Gives a simulated fleet varying names, labels, states, times and providers, so that lists have something to filter
 * and sort.
 */
export async function fleetVary(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("SET statement_timeout = 0; SET lock_timeout = 0; SET session_replication_role = replica");
    await withoutIndexes(client, "machines", [
      `UPDATE machines m SET
         labels = jsonb_build_object(
           'room', 'a' || i % 3, 'row', 'w' || i % 50, 'zone', 'z' || i % 200, 'rack', 'r' || i % 20000
         ),
         machine_created_at = now() - (i % 500000) * interval '1 s'
       FROM (SELECT machine_id, provider_id::integer AS i FROM machine_provided) p WHERE p.machine_id = m.machine_id`,
    ]);
    await client.query(
      `UPDATE machine_provided SET provider =
         CASE WHEN provider_id::integer % 10000 = 1 THEN 'odd' WHEN provider_id::integer % 2 = 0 THEN 'lab' ELSE 'bench' END`,
    );
    await client.query("TRUNCATE machine_state");
    await withoutIndexes(client, "machine_state", [
      `INSERT INTO machine_state
         (machine_id, state, since, provider, name, machine_created_at, installation, requested_at)
       SELECT m.machine_id,
         CASE
           WHEN i % 1000 = 1 THEN 'install-failed' WHEN i % 50 = 2 THEN 'ready' WHEN i % 20 = 3 THEN 'agent-lost'
           WHEN i % 100 = 4 THEN 'installing' ELSE 'installed'
         END,
         m.machine_created_at + (i % 977) * interval '1 min', p.provider, m.name, m.machine_created_at, 'success', now()
       FROM machines m JOIN (SELECT machine_id, provider, provider_id::integer AS i FROM machine_provided) p
         ON p.machine_id = m.machine_id
       ORDER BY m.machine_id`,
    ]);
    await client.query("VACUUM ANALYZE");
    await client.query("CHECKPOINT");
    await client.query("RESET statement_timeout; RESET lock_timeout; RESET session_replication_role");
  } finally {
    client.release();
  }
}

/**
 * Runs statements while the table's indexes are dropped, except those of constraints, and creates them again, which is
 * much faster.
 */
async function withoutIndexes(client: pg.PoolClient, table: string, statements: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
     WHERE i.indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)`,
    [table],
  );
  for (const { name } of rows) {
    await client.query(`DROP INDEX ${name}`);
  }
  for (const statement of statements) {
    await client.query(statement);
  }
  for (const { definition } of rows) {
    await client.query(definition);
  }
}
