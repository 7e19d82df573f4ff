import type pg from "pg";
import { ed25519KeyPair, type Ed25519KeyPair } from "../../src/lib/tls/ed25519.ts";

/** Keys of a fleet whose agents do not connect: machine i has key i mod the number of keys. */
const keysUnused = 256;

/**
 * The id of machine i: distributed over the whole range, so that successive machines are not neighbours in an index.
 * The same function exists in SQL.
 */
export const machineIdSql = (i: string): string => `md5('machine ' || ${i})::uuid`;

/**
 * Makes the keys of a fleet: one for each of its connections, because the server limits what one key may cost. Machine i
 * has key i mod `count`; making a million keys would take longer than the run.
 */
export function fleetKeyPairs(count = keysUnused): Ed25519KeyPair[] {
  return Array.from({ length: count }, () => ed25519KeyPair());
}

/**
 * Fills an empty database with `count` machines that have an agent and are installed, by SQL. Resolves to the seconds
 * taken.
 */
export async function fleetMake(pool: pg.Pool, count: number, keys: readonly Ed25519KeyPair[]): Promise<number> {
  const begun = performance.now();
  const client = await pool.connect();
  try {
    // One statement at the end sets a million machines' states, instead of a trigger per row; nothing listens yet.
    await client.query("SET statement_timeout = 0; SET lock_timeout = 0; SET session_replication_role = replica");
    await client.query("CREATE TEMP TABLE fleet_key (n integer PRIMARY KEY, public_key bytea)");
    await client.query("INSERT INTO fleet_key SELECT n - 1, k FROM unnest($1::bytea[]) WITH ORDINALITY AS t (k, n)", [
      keys.map((key) => Buffer.from(key.publicKey)),
    ]);
    // In the order of the ids, so that every index grows at its end.
    await client.query(
      `CREATE TEMP TABLE fleet AS
       SELECT i, ${machineIdSql("i")} AS id FROM generate_series(0, $1::integer - 1) AS i ORDER BY id`,
      [count],
    );
    const each = (table: string, columns: string, values: string): string =>
      `INSERT INTO ${table} (machine_id, ${columns}) SELECT id, ${values} FROM fleet`;
    await client.query(each("machines", "name, last_generation", "'m' || i, 1"));
    await client.query(each("machine_provided", "provider, provider_id", "'bench', i::text"));
    await client.query(
      `${each("machine_agent_started", "agent_public_key", "k.public_key")} JOIN fleet_key k ON k.n = i % ${keys.length}`,
    );
    await client.query(
      each(
        "machine_agent_heartbeat",
        "agent_heartbeat_at, heartbeat_bucket, agent_wanted",
        "now(), floor(extract(epoch FROM now()) / 300)::integer, false",
      ),
    );
    await client.query(
      each(
        "machine_os_installation_request",
        "generation, os_installation_request_raw",
        String.raw`1, '\x0801'::bytea`,
      ),
    );
    await client.query(
      each("machine_os_installation_report", "generation, result, reported_by", "1, 'success', 'agent'"),
    );
    await client.query(each("machine_os_installed", "generation", "1"));
    await client.query(each("machine_state", "state, provider", "'installed', 'bench'"));
    await client.query("DROP TABLE fleet, fleet_key");
    await client.query("VACUUM ANALYZE");
    await client.query("CHECKPOINT");
    await client.query("RESET statement_timeout; RESET lock_timeout; RESET session_replication_role");
  } finally {
    client.release();
  }
  return (performance.now() - begun) / 1000;
}
