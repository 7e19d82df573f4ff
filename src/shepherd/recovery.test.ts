// Recovery on a real database, through the shepherd's loop.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Fleet, testFleet, type TestMachine } from "../../test/support/fleet.ts";
import { heartbeatFleet } from "../../test/support/heartbeats.ts";
import { waitFor } from "../../test/support/wait.ts";
import type { ControllerPower } from "../controllers/controller.ts";
import { eligibleCount } from "../database/eligibility.ts";
import { startAllowByAgent } from "../database/queries/agent/start-allowed.ts";
import { statesRefresh } from "../database/queries/upkeep/state.ts";
import { transact } from "../database/transaction.ts";
import { type Provider, ProviderError } from "./provider.ts";
import { recoveryDecide } from "./recovery.ts";
import { testShepherd } from "./testing/test-shepherd.ts";

let fleet: Fleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(async () => await fleet[Symbol.asyncDispose]());

// A power switch that refuses everything: agent start fails, and the tags stay as recovery left them.
const starter: Provider = {
  name: "starter",
  power: {
    get: () => Promise.reject(new ProviderError("unavailable", "it is for recovery's test only")),
    set: () => Promise.reject(new ProviderError("unavailable", "it is for recovery's test only")),
  },
};

async function lose(of: Fleet, machine: TestMachine): Promise<void> {
  await of.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     VALUES ('server', 'test', now() - interval '1 day', 15, now() + interval '1 hour')`,
  );
  await of.rows(
    "UPDATE machine_agent_started SET agent_started_at = now() - interval '1 hour' WHERE machine_id = $1",
    machine.machineId,
  );
  await statesRefresh(of.database);
}

const run = (of: Fleet) => testShepherd(of, { providers: [starter] });

test.each<[startable: boolean, allowed: boolean, foundRunning: boolean, power: ControllerPower | undefined, string]>([
  [false, false, false, undefined, "cannot"],
  [false, true, false, undefined, "cannot"],
  [true, true, false, undefined, "start"],
  [true, true, true, undefined, "start"],
  [true, false, false, "off", "start"],
  [true, false, true, "off", "may-not"],
  [true, false, false, "on", "may-not"],
  [true, false, false, "unknown", "may-not"],
  [true, false, false, "powering-off", "may-not"],
])("startable %s, allowed %s, found running %s, power %s: %s", (startable, allowed, foundRunning, power, decided) => {
  expect(recoveryDecide({ startable, allowed, foundRunning, power })).toBe(decided);
});

test("where the provider can start agents the lost one's tags go, and agent start applies", async () => {
  const machine = await fleet.add({ provider: "starter" });
  await transact(fleet.database, null, (tx) => startAllowByAgent(tx, machine.machineId));
  await lose(fleet, machine);
  await using _shepherd = run(fleet);
  await waitFor("agent start to be tried", async () => (await fleet.rows("SELECT FROM work_backoff")).length === 1);
  expect(await fleet.history(machine)).toEqual([
    "machine_added",
    "agent_registered",
    "work_claimed",
    "agent_lost",
    "work_finished",
    "work_claimed",
    "work_failed",
  ]);
  expect(await fleet.rows("SELECT process, cause FROM work_backoff")).toEqual([
    { process: "ShepherdAgentStart", cause: "it is for recovery's test only" },
  ]);
  expect(await fleet.rows("SELECT FROM machine_agent_started")).toEqual([]);
});

test("where it can't they stay, the machine backs off, and the same agent is welcome", async () => {
  await using it = await heartbeatFleet();
  const machine = await it.fleet.add();
  await lose(it.fleet, machine);
  const backedOff = async () =>
    it.fleet.rows<{ seconds: bigint }>("SELECT last_interval_seconds AS seconds FROM work_backoff");
  {
    await using _shepherd = run(it.fleet);
    await waitFor("the backoff", async () => (await backedOff()).length === 1);
    // The machine is not taken again before its backoff is over.
    await waitFor("the work to be given back", async () => (await it.fleet.rows("SELECT FROM work")).length === 0);
  }
  expect(await backedOff()).toEqual([{ seconds: 600n }]);
  const told = ["machine_added", "agent_registered", "work_claimed", "agent_lost", "work_failed"];
  expect(await it.fleet.history(machine)).toEqual(told);
  expect(await it.say(machine)).toBe("ok");
  await it.fleet.rows("UPDATE work_backoff SET backoff_until = now()");
  await statesRefresh(it.fleet.database);
  const recovery = { process: "ShepherdRecovery", provider: "static" } as const;
  expect(await eligibleCount(it.fleet.database, recovery)).toBe(0);
  expect(await it.fleet.history(machine)).toEqual(told);
});
