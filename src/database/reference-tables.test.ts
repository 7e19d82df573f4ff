// The tables that migrations fill and the lists in the code say the same.
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { operator, testFleet, type Fleet } from "../../test/support/fleet.ts";
import { connectionSettings } from "./connect.ts";
import { historyAppend, historyEvents, type HistoryEvent } from "./history.ts";
import { machineId, processes } from "./ids.ts";
import { machineStates } from "./machine-state.ts";
import { migrate } from "./migrate.ts";
import { processDefinitions } from "./processes.ts";
import { transact } from "./transaction.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

test("the table process has the rows of processes.ts, and no others", async () => {
  const rows = await fleet.rows(
    "SELECT process, working_state, candidate_state, process_order FROM process ORDER BY process_order",
  );
  const code = processes.map((process) => {
    const { workingState, candidateState, order } = processDefinitions[process];
    return {
      process,
      working_state: workingState,
      candidate_state: candidateState ?? null,
      process_order: order,
    };
  });
  // A row that only the code has goes into a migration: INSERT INTO process. A row that only the table has goes into processes.ts.
  expect(code.toSorted((one, other) => one.process_order - other.process_order)).toEqual(rows);
});

test("of two processes that exclude each other both say so, and each excludes itself", () => {
  const excludes = processes.flatMap((process) =>
    processDefinitions[process].excludes.map((other) => [process, other] as const),
  );
  const keys = excludes.map(([one, other]) => `${one} ${other}`);
  expect(excludes.filter(([one, other]) => !keys.includes(`${other} ${one}`))).toEqual([]);
  expect(processes.filter((process) => !keys.includes(`${process} ${process}`))).toEqual([]);
});

test("every state that the table process names is a state of machines", async () => {
  const rows = await fleet.rows<{ state: string }>(
    "SELECT working_state AS state FROM process UNION SELECT candidate_state FROM process WHERE candidate_state IS NOT NULL",
  );
  expect(rows.filter(({ state }) => !machineStates.some((known) => known === state))).toEqual([]);
});

test("the table history_event has the events of history.ts, and no others", async () => {
  const rows = await fleet.rows<{ event: string }>("SELECT event FROM history_event");
  // An event that only the code has goes into a migration: INSERT INTO history_event. An event that only the table has goes into history.ts.
  expect([...historyEvents].toSorted()).toEqual(rows.map(({ event }) => event).toSorted());
});

const append = (event: string) =>
  transact(fleet.database, null, (tx) =>
    historyAppend(tx, [{ machineId: machineId(randomUUID()), actor: operator, event: event as HistoryEvent }]),
  );

test("history takes every event of the table, and no other", async () => {
  for (const event of historyEvents) {
    await append(event);
  }
  await expect(append("made_up")).rejects.toThrow();
});

test("a row in history_event is all that a new event needs, in every partition, those to come too", async () => {
  await fleet.rows("INSERT INTO history_event (event) VALUES ('made_up')");
  await append("made_up");
  await fleet.rows("SELECT history_partitions_ensure(7)");
  const at = "date_trunc('month', now()) + interval '6 months'";
  const later = (event: string) =>
    fleet.rows(
      `INSERT INTO history (at, machine_id, actor_kind, actor, event) VALUES (${at}, $1, 'system', 'x', $2)`,
      randomUUID(),
      event,
    );
  await later("made_up");
  await expect(later("other")).rejects.toMatchObject({ code: "23514" });
  await fleet.rows("DELETE FROM history_event WHERE event = 'made_up'");
  await expect(append("made_up")).rejects.toThrow();
  await append("machine_added");
});

test("a process that is not in the table can hold no machine, hold none back and be none's candidate", async () => {
  const { machineId: machine } = await fleet.add();
  const [session] = await fleet.rows<{ session_id: string }>(
    `INSERT INTO sessions (session_component, session_runtime_info, session_interval_seconds, session_deadline)
     VALUES ('shepherd', 'test', 3600, now() + interval '1 hour') RETURNING session_id`,
  );
  const foreignKey = { code: "23503" };
  await expect(
    fleet.rows(
      "INSERT INTO work (machine_id, process, session_id) VALUES ($1, 'other', $2)",
      machine,
      session?.session_id,
    ),
  ).rejects.toMatchObject(foreignKey);
  await expect(
    fleet.rows("INSERT INTO work_backoff VALUES ($1, 'other', now(), 60, 'test')", machine),
  ).rejects.toMatchObject(foreignKey);
  await expect(
    fleet.rows("UPDATE machine_state SET candidate = 'other' WHERE machine_id = $1", machine),
  ).rejects.toMatchObject(foreignKey);
});

test("they come to a database that is in use: states stay, and servers of the version before go on writing", async () => {
  await using testing = await testDatabase({ migrated: false });
  const pool = new pg.Pool({ ...testing.connection, ...connectionSettings, max: 8 });
  try {
    await migrate(pool, { upTo: 20 });
    const machines = Array.from({ length: 30 }, () => randomUUID());
    const written = machines.slice(0, 4);
    const insert =
      "INSERT INTO history (machine_id, actor_kind, actor, event) VALUES ($1, 'system', 'x', 'work_claimed')";
    await pool.query("INSERT INTO machines (machine_id) SELECT unnest($1::uuid[])", [machines]);
    await pool.query(
      "INSERT INTO machine_provided (machine_id, provider, provider_id) SELECT machine_id, 'static', machine_id::text FROM machines",
    );
    await pool.query(
      `WITH s AS (
         INSERT INTO sessions (session_component, session_runtime_info, session_interval_seconds, session_deadline)
         VALUES ('shepherd', 'test', 3600, now() + interval '1 hour') RETURNING session_id
       ) INSERT INTO work (machine_id, process, session_id)
       SELECT machine_id, 'ShepherdAgentStart', session_id FROM machines, s ORDER BY machine_id LIMIT 10`,
    );
    await pool.query(
      `INSERT INTO work_backoff SELECT machine_id, 'ShepherdAgentStart', now() + interval '1 hour', 60, 'test'
       FROM machines ORDER BY machine_id DESC LIMIT 10`,
    );
    const states = async (): Promise<unknown[]> =>
      (
        await pool.query(
          "SELECT machine_id, state, candidate FROM machine_state WHERE machine_id <> ALL ($1) ORDER BY machine_id",
          [written],
        )
      ).rows;
    const before = await states();
    let entries = 0;
    let migrated = false;
    const writers = written.map(async (machine) => {
      for (let rounds = 0; !migrated || rounds < 5; rounds += migrated ? 1 : 0) {
        await pool.query(insert, [machine]);
        await pool.query("DELETE FROM work_backoff WHERE machine_id = $1", [machine]);
        await pool.query(
          "INSERT INTO work_backoff VALUES ($1, 'ShepherdRecovery', now() - interval '1 hour', 60, 'test')",
          [machine],
        );
        entries += 1;
      }
    });
    try {
      const names = ["reference_tables", "work_process", "backoff_process", "candidate_process"];
      expect(await migrate(pool, { upTo: 24 })).toEqual(names);
    } finally {
      migrated = true;
      await Promise.all(writers);
    }
    expect(await states()).toEqual(before);
    expect((await pool.query("SELECT FROM history")).rowCount).toBe(entries);
    await pool.query("SELECT machine_state_refresh(machine_id) FROM machines");
    expect(await states()).toEqual(before);
  } finally {
    await pool.end();
  }
});
