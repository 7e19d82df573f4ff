import { expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { silent, testFleet } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";
import { historyPartitionsTask } from "./history-partitions.ts";
import { recordsForgetTask } from "./records-forget.ts";
import { janitorRun, taskLoop } from "./run.ts";
import { sessionsExpireTask } from "./sessions-expire.ts";

test("a task runs at its interval; a run that fails costs that run, and is counted", async () => {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const stop = new AbortController();
  let runs = 0;
  const loop = taskLoop(
    {
      name: "test",
      interval: 1_000,
      run: () => {
        runs += 1;
        return runs === 2 ? Promise.reject(new Error("no")) : Promise.resolve({});
      },
    },
    { log: silent, clock, metrics, signal: stop.signal },
  );
  for (let expected = 1; expected <= 4; expected += 1) {
    await waitFor("a run", () => runs === expected);
    await clock.untilSleeping();
    await clock.advance(1_000);
  }
  stop.abort(new Error("enough"));
  await loop;
  const { values } = await metrics.loopRuns.get();
  const count = (outcome: string): number | undefined => values.find(({ labels }) => labels.outcome === outcome)?.value;
  expect(count("failed")).toBe(1);
  expect(count("ok")).toBeGreaterThanOrEqual(3);
});

test("tasks say what they did, and nothing where there was nothing to do", async () => {
  await using fleet = await testFleet();
  const machine = await fleet.add();
  const expire = sessionsExpireTask(fleet.database);
  const forget = recordsForgetTask(fleet.database);
  const partitions = historyPartitionsTask(fleet.database);
  for (const task of [expire, forget, partitions]) {
    expect(await task.run()).toEqual({});
  }
  await fleet.rows(
    `WITH s AS (INSERT INTO sessions (session_component, session_runtime_info, session_interval_seconds, session_deadline)
       VALUES ('shepherd', 'test', 15, now()) RETURNING session_id)
     INSERT INTO work (machine_id, process, session_id) SELECT $1, 'ShepherdRecovery', session_id FROM s`,
    machine.machineId,
  );
  expect(await expire.run()).toEqual({ sessions: ["shepherd"], work: 1 });
  expect(await expire.run()).toEqual({});
  // Of the machine's two records one is past its 30 days.
  await fleet.rows(
    `UPDATE operator_command SET carried_out_at = now() - CASE command
       WHEN 'machine_add' THEN interval '30 days 1 minute' ELSE interval '29 days 23 hours' END`,
  );
  expect(await forget.run()).toEqual({ forgotten: 1 });
  expect(await fleet.rows("SELECT command FROM operator_command")).toEqual([{ command: "agent_register" }]);
  await fleet.rows(
    `DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'history_' || to_char(now() + interval '2 months', 'YYYY_MM')); END $$`,
  );
  expect(await partitions.run()).toEqual({ made: 1 });
});

test("two janitors on one database do each thing once", async () => {
  await using fleet = await testFleet();
  const machine = await fleet.add();
  await fleet.rows(
    `WITH s AS (INSERT INTO sessions (session_component, session_runtime_info, session_interval_seconds, session_deadline)
       VALUES ('shepherd', 'test', 15, now()) RETURNING session_id)
     INSERT INTO work (machine_id, process, session_id) SELECT $1, 'ShepherdRecovery', session_id FROM s`,
    machine.machineId,
  );
  const clock = new FakeClock();
  const options = { database: fleet.database, secrets: testKeyRing(), log: silent, clock, metrics: createMetrics() };
  {
    await using _first = janitorRun(options);
    await using _second = janitorRun(options);
    await waitFor("the session to be collected", async () => (await fleet.rows("SELECT FROM sessions")).length === 0);
  }
  expect((await fleet.history(machine)).filter((line) => line === "work_lost")).toHaveLength(1);
  expect(clock.sleepers).toBe(0);
});
