import { expect, test } from "vitest";
import { testFleet } from "../../../../test/support/fleet.ts";
import { deadlinesNote } from "./deadlines.ts";
import { machineShow } from "../machine/machine-show.ts";

test("a missed deadline is noted once for each time in a state, and a state without one never", async () => {
  await using fleet = await testFleet();
  const [slow, quick, resting] = [await fleet.add(), await fleet.add(), await fleet.add()];
  await fleet.request(slow);
  await fleet.request(quick);
  await fleet.rows(
    "INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket) VALUES ($1, now(), 0)",
    resting.machineId,
  );
  await fleet.rows(
    "UPDATE machine_state SET since = now() - interval '16 minutes' WHERE machine_id <> $1",
    quick.machineId,
  );
  await fleet.rows(
    "UPDATE machine_state SET since = now() - interval '1 year' WHERE machine_id = $1",
    resting.machineId,
  );
  expect(await deadlinesNote(fleet.database, 10)).toEqual([{ machineId: slow.machineId, state: "install-pending" }]);
  expect(await deadlinesNote(fleet.database, 10)).toEqual([]);
  const { state } = await machineShow(fleet.database, slow.machineId);
  expect(state.deadlineMissedAt).toBeDefined();
  expect((state.deadline?.getTime() ?? 0) - state.since.getTime()).toBe(15 * 60_000);
  expect((await machineShow(fleet.database, resting.machineId)).state).not.toHaveProperty("deadline");
  const [entry] = await fleet.rows<{ detail: unknown }>(
    "SELECT detail FROM history WHERE machine_id = $1 AND event = 'deadline_missed'",
    slow.machineId,
  );
  expect(entry?.detail).toEqual({
    state: "install-pending",
    since: state.since.toISOString(),
    deadline: state.deadline?.toISOString(),
  });
  // Another state, and the same state later: another deadline.
  await fleet.cancel(slow);
  expect((await machineShow(fleet.database, slow.machineId)).state).not.toHaveProperty("deadlineMissedAt");
  await fleet.request(slow);
  await fleet.rows("UPDATE machine_state SET since = now() - interval '1 day' WHERE machine_id = $1", slow.machineId);
  expect(await deadlinesNote(fleet.database, 10)).toHaveLength(1);
  const missed = (await fleet.history(slow)).filter((event) => event === "deadline_missed");
  expect(missed).toHaveLength(2);
});

test("many are noted by many janitors at once, each once; the limits are the table's", async () => {
  await using fleet = await testFleet({ connections: 8 });
  const machines = await Promise.all(Array.from({ length: 12 }, () => fleet.add({ agent: false })));
  expect(await deadlinesNote(fleet.database, 100)).toEqual([]);
  await fleet.rows("UPDATE machine_state_limit SET at_most = interval '1 microsecond' WHERE state = 'new'");
  const noted = await Promise.all(Array.from({ length: 6 }, () => deadlinesNote(fleet.database, 5)));
  const left = await deadlinesNote(fleet.database, 100);
  const ids = [...noted.flat(), ...left].map(({ machineId }) => machineId);
  expect(ids.toSorted()).toEqual(machines.map(({ machineId }) => machineId).toSorted());
});

test("a backoff's deadline counts from its end", async () => {
  await using fleet = await testFleet();
  const machine = await fleet.add({ agent: false });
  await fleet.rows(
    `INSERT INTO work_backoff (machine_id, process, backoff_until, last_interval_seconds, cause)
     VALUES ($1, 'ShepherdAgentStart', now() + interval '1 hour', 3600, 'for a test')`,
    machine.machineId,
  );
  await fleet.rows("UPDATE machine_state SET since = now() - interval '1 day'");
  const { state } = await machineShow(fleet.database, machine.machineId);
  expect(state).toMatchObject({ state: "backing-off", backoff: { cause: "for a test" } });
  expect((state.deadline?.getTime() ?? 0) - Date.now()).toBeGreaterThan(60 * 60_000);
  expect(await deadlinesNote(fleet.database, 10)).toEqual([]);
});
