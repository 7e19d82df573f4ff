import { Kysely, PostgresDialect, type CompiledQuery } from "kysely";
import { expect, test } from "vitest";
import { heldConnection, silent, testFleet } from "../../../../test/support/fleet.ts";
import { connect, type Database } from "../../connect.ts";
import { machineSurroundings } from "./explain.ts";
import { machineShow, machinesShow } from "../machine/machine-show.ts";

/** What 50 machines by their ids may be estimated at; PostgreSQL compiles statements from 100,000 on, which took seconds. */
const few = 20_000;

test("X2: with many machines and no table analysed, show and explain are estimated as the look-ups that they are", async () => {
  await using fleet = await testFleet();
  await using filling = await heldConnection(fleet.test);
  for (const statement of [
    // No triggers, which would take minutes, and no autovacuum, which would analyse.
    "SET session_replication_role = replica",
    ...[
      "machines",
      "machine_state",
      "machine_mac",
      "machine_agent_started",
      "machine_agent_heartbeat",
      "machine_provided",
    ].map((table) => `ALTER TABLE ${table} SET (autovacuum_enabled = false)`),
    "INSERT INTO machines (machine_id) SELECT gen_random_uuid() FROM generate_series(1, 20000)",
    `INSERT INTO machine_state (machine_id, state, provider)
     SELECT machine_id, 'ready', 'static' FROM machines`,
    `INSERT INTO machine_provided (machine_id, provider, provider_id)
     SELECT machine_id, 'static', machine_id::text FROM machines`,
    `INSERT INTO machine_agent_started (machine_id, agent_started_at, agent_public_key)
     SELECT machine_id, now(), sha256(uuid_send(machine_id)) FROM machines`,
    `INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
     SELECT machine_id, now(), 0 FROM machines`,
    `INSERT INTO machine_mac (machine_id, mac) 
     SELECT machine_id, ('02' || left(encode(sha256(uuid_send(machine_id)), 'hex'), 10))::macaddr FROM machines`,
  ]) {
    await filling.query(statement);
  }
  // PostgreSQL's default, which makes reading tables from end to end look better than it does to the embedded one.
  await filling.query(`ALTER DATABASE ${fleet.test.name} SET random_page_cost = 4`);
  await using own = connect(fleet.test.connection, { log: silent });
  const { pool } = own;
  const asked: CompiledQuery[] = [];
  const database: Database = {
    pool,
    kysely: new Kysely({ dialect: new PostgresDialect({ pool }), log: ({ query }) => void asked.push(query) }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const machines = await fleet.rows<{ machine_id: Parameters<typeof machineShow>[1] }>(
    "SELECT machine_id FROM machines LIMIT 50",
  );
  const ids = machines.map((row) => row.machine_id);
  expect(await machinesShow(database, ids)).toHaveLength(50);
  for (const id of ids.slice(0, 1)) {
    await machineShow(database, id);
    await machineSurroundings(database, id);
  }
  const costs = await Promise.all(asked.map(({ sql, parameters }) => estimate(sql, parameters)));
  expect(costs).toHaveLength(3);
  expect(Math.max(...costs)).toBeLessThan(few);

  async function estimate(sql: string, parameters: readonly unknown[]): Promise<number> {
    const { rows } = await pool.query<{ "QUERY PLAN": string }>(`EXPLAIN ${sql}`, [...parameters]);
    const plan = rows[0]?.["QUERY PLAN"] ?? "";
    return Number(/\.\.(?<cost>[\d.]+) rows/u.exec(plan)?.groups?.["cost"]);
  }
});
