// Nothing that runs is stopped unasked: machines that were found running, through the shepherd on a real database.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { command, operator } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import type { ControllerPower } from "../controllers/controller.ts";
import { eligibleCount } from "../database/eligibility.ts";
import type { MachineId } from "../database/ids.ts";
import { startAllow, startAllowOnce } from "../database/queries/agent/start-allowed.ts";
import { machineSurroundings } from "../database/queries/views/explain.ts";
import { machineShow } from "../database/queries/machine/machine-show.ts";
import { statesRefresh } from "../database/queries/upkeep/state.ts";
import { transact } from "../database/transaction.ts";
import { type ControlledFleet, controlledFleet } from "./testing/controlled-fleet.ts";
import { type FakeControllers, fakeControllers } from "./testing/fake-controller.ts";
import { type FakeProvider, fakeProvider } from "./testing/fake-provider.ts";
import { testShepherd } from "./testing/test-shepherd.ts";

let all: ControlledFleet;
let fakes: FakeControllers;
let provider: FakeProvider;
beforeEach(async () => {
  all = await controlledFleet();
  fakes = fakeControllers();
  provider = fakeProvider("rack");
});
afterEach(async () => await all[Symbol.asyncDispose]());

const shepherd = (bootSeconds = 600) =>
  testShepherd(all.fleet, { controllers: fakes.access, providers: [provider], bootSeconds });
const allow = (machineId: MachineId) =>
  transact(all.fleet.database, null, (tx) => startAllow(tx, machineId, { kind: "operator", name: "anna" }));
const state = async (machineId: MachineId) => (await machineShow(all.fleet.database, machineId)).state.state;
const leftRunning = async (machineId: MachineId) => (await machineShow(all.fleet.database, machineId)).leftRunning;
const mac = (index: number) => `52:54:00:00:01:${index.toString(16).padStart(2, "0")}`;

/** A controller of a machine with this power. */
function fake(url: string, power: ControllerPower, index = 0) {
  const made = fakes.at(url);
  made.power = power;
  made.facts = { smbiosUuid: randomUUID(), macs: [mac(index)] };
  return made;
}

/** Reads the power of all machines with controllers now, as the shepherd does by and by. */
async function look(machineId: MachineId): Promise<void> {
  await all.fleet.rows("UPDATE machine_controller_contact SET look_at = now(), contact_at = NULL");
  await waitFor("a look", async () => {
    const [row] = await all.fleet.rows<{ contact_at: Date | null }>(
      "SELECT contact_at FROM machine_controller_contact WHERE machine_id = $1",
      machineId,
    );
    return row?.contact_at !== null;
  });
}

/**
 * Waits until a search for work has run with all that is known now: a machine that may be started has been started.
 */
async function searched(): Promise<void> {
  const url = `https://canary-${randomUUID()}`;
  const canary = fakes.at(url);
  canary.facts = { smbiosUuid: randomUUID() };
  await all.added(url);
  await waitFor("the canary's start", async () => canary.done.includes("power on"));
}

test("forty running machines of controllers lead to not one power call; the allowed machine is started", async () => {
  const urls = Array.from({ length: 40 }, (_, index) => `https://bmc${index}`);
  urls.forEach((url, index) => fake(url, "on", index));
  const first = fakes.at("https://bmc0");
  await using _shepherd = shepherd();
  const ids = await Promise.all(urls.map((url) => all.added(url)));
  await searched();
  expect(urls.flatMap((url) => fakes.at(url).done)).toEqual([]);
  expect(new Set(await Promise.all(ids.map((id) => state(id))))).toEqual(new Set(["new"]));
  await allow(ids[0] as MachineId);
  await waitFor("the allowed start", async () => first.done.includes("power on"));
  expect(first.done).toEqual(["power off", "boot network once", "power on"]);
  expect(urls.slice(1).flatMap((url) => fakes.at(url).done)).toEqual([]);
});

test("forty running machines of a provider lead to not one power call; those that are off are started", async () => {
  for (let index = 0; index < 40; index += 1) {
    provider.machines.set(`m${index}`, { providerId: `m${index}`, macs: [mac(index)] });
    provider.states.set(`m${index}`, "on");
  }
  provider.machines.set("off", { providerId: "off", macs: [mac(99)] });
  await using _shepherd = shepherd();
  await waitFor("the machine that is off to be started", async () => provider.switched.includes("off on network"));
  await waitFor("all to be found", async () => {
    const [row] = await all.fleet.rows<{ count: bigint }>("SELECT count(*) FROM machine_found_running");
    return row?.count === 40n;
  });
  await waitFor("their work to be given back", async () => (await all.fleet.rows("SELECT FROM work")).length === 1);
  expect(provider.switched).toEqual(["off on network"]);
  const states = await all.fleet.rows<{ state: string; count: bigint }>(
    "SELECT state, count(*) FROM machine_state GROUP BY state ORDER BY state",
  );
  expect(states).toEqual([
    { state: "new", count: 40n },
    { state: "starting-agent", count: 1n },
  ]);
  // None backs off: nothing failed.
  expect(await all.fleet.rows("SELECT FROM work_backoff")).toEqual([]);
  const eligibility = {
    process: "ShepherdAgentStart",
    provider: "rack",
    switches: { provider: true, controllers: true },
  } as const;
  expect(await eligibleCount(all.fleet.database, eligibility)).toBe(0);
});

test("with autostart at their provider, running machines are started", async () => {
  provider.autostart = true;
  provider.machines.set("a", { providerId: "a", macs: [mac(1)] });
  provider.states.set("a", "on");
  await using _shepherd = shepherd();
  await waitFor("the start", async () => provider.switched.length === 2);
  expect(provider.switched).toEqual(["a off", "a on network"]);
});

test("found running, off later, on again by its owner: it stays as it is all the time", async () => {
  const owned = fake("https://bmc1", "on");
  await using _shepherd = shepherd();
  const machineId = await all.added("https://bmc1");
  for (const power of ["off", "on", "powering-off", "off"] as const) {
    owned.power = power;
    await look(machineId);
    await searched();
    expect([owned.done, await state(machineId), await leftRunning(machineId)]).toEqual([[], "new", true]);
  }
});

test("off when it was added, then switched on by its owner before a shepherd came: it is left", async () => {
  const owned = fake("https://bmc1", "off");
  let machineId: MachineId;
  {
    await using _shepherd = shepherd();
    const { machineId: known } = await all.fleet.add({ agent: false });
    // In quarantine no start takes it.
    await all.fleet.rows(
      "INSERT INTO machine_quarantine (machine_id, reason, quarantined_by) VALUES ($1, 'test', 'test')",
      known,
    );
    machineId = await all.added("https://bmc1", { joins: known });
  }
  owned.power = "on";
  await all.fleet.rows("DELETE FROM machine_quarantine");
  await using _shepherd = shepherd();
  await waitFor("it to be found running", async () => (await leftRunning(machineId)) === true);
  owned.power = "off";
  await look(machineId);
  await searched();
  expect(owned.done).toEqual([]);
});

test("off when it was added, on and off again before it may be started: the reading that saw it on counts, and it is left", async () => {
  const owned = fake("https://bmc1", "off");
  await using _shepherd = shepherd();
  const { machineId } = await all.fleet.add({ agent: false });
  // In quarantine no start takes it.
  await all.fleet.rows(
    "INSERT INTO machine_quarantine (machine_id, reason, quarantined_by) VALUES ($1, 'test', 'test')",
    machineId,
  );
  await all.added("https://bmc1", { joins: machineId });
  for (const power of ["on", "off"] as const) {
    owned.power = power;
    await look(machineId);
  }
  expect(await leftRunning(machineId)).toBe(true);
  await all.fleet.rows("DELETE FROM machine_quarantine");
  await searched();
  expect(owned.done).toEqual([]);
});

test("a start that nobody allowed, and by which no agent came, is not followed by a start that stops what runs then", async () => {
  const owned = fake("https://bmc1", "off");
  await using _shepherd = shepherd(1);
  const machineId = await all.added("https://bmc1");
  await waitFor("the end of the start", async () => (await leftRunning(machineId)) === true);
  await all.fleet.rows("DELETE FROM work_backoff");
  await statesRefresh(all.fleet.database);
  await look(machineId);
  expect(owned.done).toEqual(["boot network once", "power on", "clear"]);
  const { startFailures } = await machineSurroundings(all.fleet.database, machineId);
  expect(startFailures).toMatchObject([
    { failures: 1, cause: expect.stringContaining("What runs on it now may be the system on its disk") },
  ]);
});

test("a power that can't be told is no power that is off", async () => {
  const owned = fake("https://bmc1", "unknown");
  await using _shepherd = shepherd();
  const machineId = await all.added("https://bmc1");
  await waitFor("the backoff", async () => (await all.fleet.rows("SELECT FROM work_backoff")).length === 1);
  expect([owned.done, await leftRunning(machineId)]).toEqual([[], false]);
});

test("an agent's key that was made for a running machine allows nothing, and recovery leaves the machine", async () => {
  const owned = fake("https://bmc1", "on");
  await using _shepherd = shepherd();
  const { machineId } = await all.fleet.add({ agent: true });
  await all.added("https://bmc1", { joins: machineId });
  // The agent never comes, and counts as lost.
  await all.fleet.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     VALUES ('server', 'test', now() - interval '1 day', 15, now() + interval '1 hour')`,
  );
  await all.fleet.rows("UPDATE machine_agent_started SET agent_started_at = now() - interval '1 hour'");
  await statesRefresh(all.fleet.database);
  await waitFor("recovery to leave it", async () => (await all.fleet.rows("SELECT FROM work_backoff")).length === 1);
  expect(owned.done).toEqual([]);
  expect(await all.fleet.rows("SELECT FROM machine_agent_started")).toHaveLength(1);
  const [backoff] = await all.fleet.rows<{ cause: string }>("SELECT cause FROM work_backoff");
  expect(backoff?.cause).toContain("nobody has allowed to stop what runs on it");
});

test("an agent is not promised on a machine that needs none", async () => {
  fake("https://bmc1", "on");
  await using _shepherd = shepherd();
  const machineId = await all.added("https://bmc1");
  const startAgent = () =>
    startAllowOnce(all.fleet.database, { ...command({ machineId }, "machine_start_agent"), actor: operator });
  await all.fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machineId);
  await expect(startAgent()).rejects.toMatchObject({
    code: "refused",
    message: expect.stringContaining("no installation is requested"),
  });
  await all.fleet.rows("DELETE FROM machine_os_installed");
  await startAgent();
});
