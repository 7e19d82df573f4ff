import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { faultNames } from "../../src/simulator/faults.ts";
import type { SimulationOptions } from "../../src/simulator/options.ts";
import { simulate } from "../../src/simulator/simulate.ts";
import type { SimulationStatus } from "../../src/simulator/record/status.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { farrierServe, type ServingFarrier } from "../support/farrier-process.ts";
import { waitFor } from "../support/wait.ts";

let directory: string;
let database: TestDatabase;
let server: ServingFarrier;
let pool: pg.Pool;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "simulator-"));
  database = await testDatabase();
  const address = ["--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0"];
  server = await farrierServe(["server", "--data-dir", directory, "--database-url", database.url, ...address]);
  pool = new pg.Pool(database.connection);
});

afterAll(async () => {
  await pool.end();
  await server.end("SIGTERM");
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function options(change: Partial<SimulationOptions> = {}): Promise<SimulationOptions> {
  return {
    agents: 50,
    interval: 1_000,
    faults: faultNames,
    seed: "t",
    duration: 10_000,
    installsPerMinute: 600,
    endpoints: [],
    operators: [server.operators],
    token: (await readFile(join(directory, "operator-token"), "utf8")).trim(),
    anywhere: false,
    writing: 1_500,
    // Where the host is slow, a run that was killed may have to be silent for 90 s before another writes.
    bound: 240_000,
    ...change,
  };
}

/** Milliseconds: a simulation takes its time, and what it began may take as long again. */
const timeout = 600_000;
const hooks = { clock: systemClock, signal: new AbortController().signal };

test("50 agents for ten seconds with every fault: nothing is lost, and nothing done twice", { timeout }, async () => {
  const seen: SimulationStatus[] = [];
  const told: string[] = [];
  const { summary, record } = await simulate(await options(), {
    ...hooks,
    status: (status) => seen.push(structuredClone(status)),
    tell: (text) => told.push(text),
  });
  expect(summary.violations).toEqual([]);
  const { counts, generations } = summary;
  expect(generations.left).toBe(0);
  expect(generations.all).toBeGreaterThan(50);
  expect(generations.closed).toMatchObject({
    success: expect.any(Number) as number,
    error: expect.any(Number) as number,
    cancelled: expect.any(Number) as number,
    replaced: expect.any(Number) as number,
  });
  expect(counts).toMatchObject({ heartbeatsRefused: 0, kills: 3, duplicates: 3, storms: 1 });
  expect(counts.disconnects).toBeGreaterThan(0);
  expect(counts.repeats).toBeGreaterThan(0);
  // Each reconnects after the storm.
  expect(counts.connections).toBeGreaterThanOrEqual(100);
  expect(seen.some(({ agents }) => agents.watching === 50 && agents.connected === 50)).toBe(true);
  expect(told.at(-1)).toBe("registered 50 machines, sim-t-0 to sim-t-49");

  // What the database says is what the agents and operators of the simulation saw.
  const { rows } = await pool.query<{ name: string; generation: string; event: string }>(
    `SELECT m.name, h.generation, h.event FROM history h JOIN machines m USING (machine_id)
     WHERE h.event IN ('installation_succeeded', 'installation_failed', 'installation_cancelled', 'installation_replaced')`,
  );
  const ends = new Map(rows.map(({ name, generation, event }) => [`${name} ${generation}`, event]));
  expect(ends.size).toBe(rows.length);
  expect(ends.size).toBe(generations.all);
  const words = {
    success: "installation_succeeded",
    cancelled: "installation_cancelled",
    replaced: "installation_replaced",
  };
  for (const { machine, generation, closed, closing } of record.generations()) {
    const how = closed?.how;
    if ((how === "success" && closing === undefined) || how === "cancelled" || how === "replaced") {
      expect(ends.get(`sim-t-${machine} ${generation}`)).toBe(words[how]);
    }
  }
});

test("the same seed finds its machines again, with new keys; a smaller fleet of it too", { timeout }, async () => {
  const before = await pool.query("SELECT machine_id FROM machines ORDER BY 1");
  const { summary } = await simulate(await options({ agents: 20, duration: 2_000, faults: [] }), hooks);
  expect(summary.violations).toEqual([]);
  expect(summary.counts.heartbeats).toBeGreaterThan(20);
  const after = await pool.query("SELECT machine_id FROM machines ORDER BY 1");
  expect(after.rows).toEqual(before.rows);
});

test("two simulations of one seed take each other's machines away, and say so", { timeout }, async () => {
  const first = simulate(
    await options({ agents: 3, seed: "u", duration: 6_000, faults: [], installsPerMinute: 0 }),
    hooks,
  );
  await waitFor("three machines, each of which was heard of", async () => {
    const beats = await pool.query(
      "SELECT FROM machine_agent_heartbeat JOIN machines USING (machine_id) WHERE name LIKE 'sim-u-%'",
    );
    return beats.rowCount === 3;
  });
  await simulate(await options({ agents: 3, seed: "u", duration: 1_000, faults: [], installsPerMinute: 0 }), hooks);
  const { summary } = await first;
  expect(summary.violations.some((text) => /sim-u-\d: a (?:heartbeat|watch) of run \w+ was refused/u.test(text))).toBe(
    true,
  );
});
