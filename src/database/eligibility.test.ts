import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Fleet, requestRaw, testFleet, type TestMachine } from "../../test/support/fleet.ts";
import { type Eligibility, eligibleCount } from "./eligibility.ts";
import type { Process } from "./ids.ts";
import { statesRefresh } from "./queries/upkeep/state.ts";
import { transact } from "./transaction.ts";
import { workPick } from "./work.ts";

let fleet: Fleet;
let machine: TestMachine;
beforeAll(async () => {
  fleet = await testFleet();
  // Neighbours for whom there is nothing to do; one machine that is not this provider's.
  const [installed, other] = [await fleet.add(), await fleet.add({ agent: false, provider: "other" })];
  await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", installed.machineId);
  expect(other.agent).toBeDefined();
});
afterAll(async () => await fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  // The machine of the test before is nobody's any more.
  await fleet.rows("DELETE FROM sessions");
  await fleet.rows("DELETE FROM machine_provided WHERE provider = 'static'");
  machine = await fleet.add({ agent: false });
});

/** A statement about the machine, $1. */
const sql = (text: string) => async (): Promise<void> => void (await fleet.rows(text, machine.machineId));

const installed = sql("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)");
const reported = sql(
  `INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by)
   SELECT machine_id, generation, 'success', 'agent' FROM machine_os_installation_request WHERE machine_id = $1`,
);
const requested = async (): Promise<void> => void (await fleet.request(machine, { raw: requestRaw(1n) }));
const agent = (started: string) => async (): Promise<void> => {
  await fleet.rows(
    `INSERT INTO machine_agent_started VALUES ($1, now() - $2::interval, decode(repeat('00', 32), 'hex'))
     ON CONFLICT (machine_id) DO UPDATE SET agent_started_at = excluded.agent_started_at`,
    machine.machineId,
    started,
  );
};
const heartbeat = (ago: string) => async (): Promise<void> => {
  await fleet.rows("DELETE FROM machine_agent_heartbeat WHERE machine_id = $1", machine.machineId);
  await fleet.rows(
    `INSERT INTO machine_agent_heartbeat (machine_id, agent_heartbeat_at, heartbeat_bucket)
     SELECT $1, at, floor(extract(epoch FROM at) / 300)::integer FROM (SELECT now() - $2::interval AS at) t`,
    machine.machineId,
    ago,
  );
};
const session =
  (component: string, age: string, left = "1 hour") =>
  async (): Promise<void> => {
    await fleet.rows(
      `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     VALUES ($1, 'test', now() - $2::interval, 15, now() + $3::interval)`,
      component,
      age,
      left,
    );
  };
const work = (process: Process) => async (): Promise<void> => {
  await session("shepherd", "1 hour")();
  await fleet.rows(
    `INSERT INTO work (machine_id, process, session_id)
     SELECT $1, $2, session_id FROM sessions WHERE session_component = 'shepherd' LIMIT 1`,
    machine.machineId,
    process,
  );
};
const backoff = (process: Process, left: string) => async (): Promise<void> => {
  await fleet.rows(
    "INSERT INTO work_backoff VALUES ($1, $2, now() + $3::interval, 60, 'test')",
    machine.machineId,
    process,
    left,
  );
};
const none = async (): Promise<void> => {};

type Step = () => Promise<void>;
async function expectEligible(process: Process, yes: boolean, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    await step();
  }
  await statesRefresh(fleet.database);
  const eligibility: Eligibility = { process, provider: "static" };
  const list = await transact(fleet.database, null, (tx) => workPick(tx, eligibility, 10));
  expect(list).toEqual(yes ? [machine.machineId] : []);
  expect(await eligibleCount(fleet.database, eligibility)).toBe(list.length);
  // What is stored is what the definition says.
  const wrong = await fleet.rows(
    `SELECT s.*, n.* FROM machine_state s CROSS JOIN LATERAL machine_state_now(s.machine_id) n
     WHERE (s.state, s.not_before, s.candidate, s.provider) IS DISTINCT FROM (n.state, n.not_before, n.candidate, n.provider)`,
  );
  expect(wrong).toEqual([]);
}

describe("agent start: provided, no agent, pending or not installed, no work, no backoff", () => {
  const table: [string, boolean, Step[]][] = [
    ["nothing but provided", true, [none]],
    ["pending, not installed", true, [requested]],
    ["pending, installed", true, [installed, requested]],
    ["done, but what is on the disk is in doubt", true, [requested, reported]],
    ["installed, nothing pending", false, [installed]],
    ["installed, done", false, [requested, reported, installed]],
    ["it has an agent", false, [agent("1 minute")]],
    ["it is another provider's", false, [sql("UPDATE machine_provided SET provider = 'other' WHERE machine_id = $1")]],
    ["it is nobody's", false, [sql("DELETE FROM machine_provided WHERE machine_id = $1")]],
    ["an agent start holds it", false, [work("ShepherdAgentStart")]],
    ["a recovery holds it", false, [work("ShepherdRecovery")]],
    ["it backs off", false, [backoff("ShepherdAgentStart", "1 minute")]],
    ["it has backed off", true, [backoff("ShepherdAgentStart", "-1 second")]],
    ["its recovery backs off", true, [backoff("ShepherdRecovery", "1 minute")]],
  ];
  for (const [name, yes, steps] of table) {
    test(`${name}: ${yes ? "yes" : "no"}`, async () => await expectEligible("ShepherdAgentStart", yes, steps));
  }
});

describe("recovery: provided, an agent that is silent, pending or not installed, no work, no backoff", () => {
  const server = session("server", "2 hours");
  const lost = [server, agent("1 hour"), heartbeat("11 minutes")];
  const never = [server, agent("31 minutes")];
  const table: [string, boolean, Step[]][] = [
    ["heard, but not for 11 minutes", true, lost],
    ["heard 9 minutes ago", false, [server, agent("1 hour"), heartbeat("9 minutes")]],
    ["started 31 minutes ago, never heard", true, never],
    ["started 29 minutes ago, never heard", false, [server, agent("29 minutes")]],
    ["heard before it was started only, 31 minutes ago", true, [...never, heartbeat("1 hour")]],
    ["heard before it was started only, 29 minutes ago", false, [server, agent("29 minutes"), heartbeat("1 hour")]],
    ["no agent", false, [server, heartbeat("11 minutes")]],
    ["installed, nothing pending", false, [...lost, installed]],
    ["pending, installed", true, [...lost, installed, requested]],
    ["pending", true, [...lost, requested]],
    [
      "it is another provider's",
      false,
      [...lost, sql("UPDATE machine_provided SET provider = 'other' WHERE machine_id = $1")],
    ],
    ["a recovery holds it", false, [...lost, work("ShepherdRecovery")]],
    ["an agent start holds it", false, [...lost, work("ShepherdAgentStart")]],
    ["it backs off", false, [...lost, backoff("ShepherdRecovery", "1 minute")]],
    ["it has backed off", true, [...lost, backoff("ShepherdRecovery", "-1 second")]],
    ["its agent start backs off", true, [...lost, backoff("ShepherdAgentStart", "1 minute")]],
    ["no server", false, [agent("1 hour"), heartbeat("11 minutes")]],
    ["the server is 9 minutes old", false, [session("server", "9 minutes"), agent("1 hour"), heartbeat("11 minutes")]],
    ["the server is 11 minutes old", true, [session("server", "11 minutes"), agent("1 hour"), heartbeat("11 minutes")]],
    ["the server is 11 minutes old, never heard", false, [session("server", "11 minutes"), agent("31 minutes")]],
    [
      "the server is dead",
      false,
      [session("server", "2 hours", "-1 second"), agent("1 hour"), heartbeat("11 minutes")],
    ],
    [
      "another component is there to hear",
      false,
      [session("shepherd", "2 hours"), agent("1 hour"), heartbeat("11 minutes")],
    ],
  ];
  for (const [name, yes, steps] of table) {
    test(`${name}: ${yes ? "yes" : "no"}`, async () => await expectEligible("ShepherdRecovery", yes, steps));
  }

  test("time alone makes it so, also of a machine with a request whose agent never came", async () => {
    const steps = [server, agent("29 minutes"), requested];
    await expectEligible("ShepherdRecovery", false, steps);
    await fleet.rows("UPDATE agent_silence SET started = '20 minutes'");
    try {
      await expectEligible("ShepherdRecovery", true, []);
    } finally {
      await fleet.rows("UPDATE agent_silence SET started = '30 minutes'");
    }
  });

  test("thresholds are the fleet's configuration", async () => {
    await fleet.rows("UPDATE agent_silence SET heartbeat = '5 minutes'");
    try {
      await expectEligible("ShepherdRecovery", true, [server, agent("1 hour"), heartbeat("6 minutes")]);
    } finally {
      await fleet.rows("UPDATE agent_silence SET heartbeat = '10 minutes'");
    }
  });
});
