// Agent start through the shepherd, on a real database. The machines are fakes.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { operator, silent, testFleet, type Fleet } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { agentKey, type MachineId } from "../database/ids.ts";
import { bootTokenGive } from "../database/queries/boot/boot-token.ts";
import { bootWindowClose, bootWindowOf } from "../database/queries/boot/boot-window.ts";
import { agentEnroll } from "../database/queries/enrollment/enrollment.ts";
import { machineShow } from "../database/queries/machine/machine-show.ts";
import { sessionStart, type Session } from "../database/session.ts";
import { systemClock } from "../lib/clock.ts";
import { fakeProvider, type FakeProvider } from "./testing/fake-provider.ts";
import { defined } from "../lib/defined.ts";
import { testShepherd } from "./testing/test-shepherd.ts";

let fleet: Fleet;
let server: Session;
let provider: FakeProvider;
beforeEach(async () => {
  fleet = await testFleet();
  server = await sessionStart(fleet.database, { component: "server", log: silent, clock: systemClock });
  provider = fakeProvider("rack");
  provider.autostart = true;
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

const shepherd = (bootSeconds?: number) => testShepherd(fleet, { providers: [provider], ...defined({ bootSeconds }) });

/** Waits until the shepherd has stored this machine of the provider; resolves to its id. */
async function known(providerId: string): Promise<MachineId> {
  return waitFor(`${providerId} to be known`, async () => {
    const [row] = await fleet.rows<{ machine_id: MachineId }>(
      "SELECT machine_id FROM machine_provided WHERE provider_id = $1",
      providerId,
    );
    return row?.machine_id;
  });
}

const smbiosUuid = randomUUID();
const machine = { providerId: "a", smbiosUuid, macs: ["52:54:00:00:00:01"] };

/** Does what the machine's firmware and then its agent do after power-on. */
async function bootAndEnroll(): Promise<void> {
  const identity = { smbiosUuid, macs: machine.macs };
  const token = randomBytes(32);
  const tokenDigest = createHash("sha256").update(token).digest();
  const netboot = { kind: "component", name: "netboot" } as const;
  await waitFor("the boot token", () =>
    bootTokenGive(fleet.database, { identity, tokenDigest, actor: netboot, address: "" }),
  );
  const outcome = await agentEnroll(fleet.database, server, {
    publicKey: agentKey(randomBytes(32)),
    identity,
    address: "192.0.2.9",
    tokenDigest,
  });
  expect(outcome.status).toBe("accepted");
}

const told = async (machineId: MachineId) => {
  const events = await fleet.history({ machineId });
  return events.filter((event) => !event.startsWith("boot_token") && event !== "machine_added");
};
const backedOff = () => fleet.rows<{ process: string; cause: string }>("SELECT process, cause FROM work_backoff");

test("off, window, on into the network, and done when its agent has enrolled", async () => {
  provider.machines.set("a", machine);
  provider.states.set("a", "on");
  await using _running = shepherd();
  const id = await known("a");
  await waitFor("the machine to be switched on", () => provider.switched.length === 2);
  expect(provider.switched).toEqual(["a off", "a on network"]);
  await waitFor("the state", async () => (await machineShow(fleet.database, id)).state.state === "starting-agent");
  await bootAndEnroll();
  await waitFor("the end of the work", async () => (await told(id)).includes("work_finished"));
  expect(await told(id)).toEqual(["work_claimed", "boot_window_opened", "agent_enrolled", "work_finished"]);
  expect(provider.switched).toEqual(["a off", "a on network"]);
  expect(await backedOff()).toEqual([]);
});

test("a machine that is installed and not asked for is left alone", async () => {
  provider.machines.set("a", machine);
  await using _running = shepherd();
  const id = await known("a");
  await waitFor("the first start", () => provider.switched.length === 2);
  await bootAndEnroll();
  await waitFor("the end of the work", async () => (await told(id)).includes("work_finished"));
  await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", id);
  await fleet.rows("DELETE FROM machine_agent_started WHERE machine_id = $1", id);
  expect((await machineShow(fleet.database, id)).state.state).toBe("installed");
  provider.machines.set("b", { providerId: "b", macs: ["52:54:00:00:00:02"] });
  await waitFor("the next machine to be started", () => provider.switched.includes("b on network"));
  expect(provider.switched.filter((what) => what.startsWith("a "))).toHaveLength(2);
});

test("a power switch that fails is the cause, word for word, and the machine backs off", async () => {
  provider.machines.set("a", machine);
  const running = shepherd();
  const id = await known("a");
  await running[Symbol.asyncDispose]();
  provider.broken = "the BMC does not answer";
  await fleet.rows("DELETE FROM machine_boot_window");
  await using _again = shepherd();
  await waitFor("the backoff", async () => (await backedOff()).length === 1);
  expect(await backedOff()).toEqual([{ process: "ShepherdAgentStart", cause: "the BMC does not answer" }]);
  expect((await machineShow(fleet.database, id)).state.state).toBe("backing-off");
});

test("nobody enrols within the time: the window is over, and the cause says where to look", async () => {
  provider.machines.set("a", machine);
  await using _running = shepherd(1);
  const id = await known("a");
  await waitFor("the backoff", async () => (await backedOff()).length === 1);
  expect(await backedOff()).toEqual([
    { process: "ShepherdAgentStart", cause: expect.stringMatching(/no agent enrolled within \d+ s .* console/u) },
  ]);
  expect((await bootWindowOf(fleet.database, id))?.state).toBe("expired");
});

test("a power switch that needs a moment to show the machine on, and is read seldom, ends no start", async () => {
  provider.machines.set("a", machine);
  provider.powerPace = { matters: 3_600, others: 3_600 };
  const { get } = provider.power;
  let late = 1;
  provider.power.get = async (providerId, signal) => {
    const power = await get(providerId, signal);
    return provider.switched.length === 2 && late-- > 0 ? "off" : power;
  };
  await using _running = shepherd(3);
  await waitFor("the backoff", async () => (await backedOff()).length === 1);
  expect((await backedOff())[0]?.cause).toMatch(/no agent enrolled within \d+ s/u);
});

test("a machine that goes off on the way, or whose window somebody closes, is not waited for", async () => {
  provider.machines.set("a", machine);
  await using _running = shepherd();
  const id = await known("a");
  await waitFor("the machine to be on", () => provider.switched.length === 2);
  provider.states.set("a", "off");
  await waitFor("the backoff", async () => (await backedOff()).length === 1);
  expect((await backedOff())[0]?.cause).toMatch(/went off while it booted from the network/u);
  expect((await bootWindowOf(fleet.database, id))?.state).toBe("closed");

  await fleet.rows("DELETE FROM work_backoff");
  await waitFor("another start", () => provider.switched.length === 4);
  await bootWindowClose(fleet.database, { machineId: id, actor: operator });
  await waitFor("the backoff", async () => (await backedOff()).length === 1);
  expect((await backedOff())[0]?.cause).toMatch(/boot window was closed/u);
});

test("X1: a machine that the shepherd switched off has no writer any more, however lately it was heard", async () => {
  provider.machines.set("a", machine);
  provider.states.set("a", "on");
  const first = shepherd();
  const id = await known("a");
  await waitFor("the first start", () => provider.switched.length === 2);
  await first[Symbol.asyncDispose]();
  const writer = async () => {
    const [row] = await fleet.rows<{ over: boolean; off: boolean }>(
      `SELECT writer_over(heard_at, ended_at, power_off_at) AS over, power_off_at IS NOT NULL AS off
      FROM machine_os_installation_writer WHERE machine_id = $1`,
      id,
    );
    return row;
  };
  await fleet.rows(
    `INSERT INTO machine_os_installation_writer (machine_id, generation, run, agent_public_key)
    VALUES ($1, 1, '\\x01', '\\x02')`,
    id,
  );
  // A start that joins the previous one does not switch the machine off.
  const second = shepherd();
  await waitFor(
    "the second start",
    async () => (await told(id)).filter((event) => event === "work_claimed").length === 2,
  );
  await second[Symbol.asyncDispose]();
  expect(await writer()).toEqual({ over: false, off: false });

  await fleet.rows("DELETE FROM machine_boot_window");
  await using _third = shepherd();
  await waitFor("the third start", () => provider.switched.length === 4);
  expect(await writer()).toEqual({ over: true, off: true });

  // The shepherd saw the machine off. A writer that was heard a moment ago may have begun since; a silent writer has no
  // power.
  await fleet.rows(
    "UPDATE machine_os_installation_writer SET power_off_at = NULL, heard_at = now() - interval '11 seconds'",
  );
  provider.states.set("a", "off");
  await waitFor("the backoff", async () => (await backedOff()).length === 1);
  expect(await writer()).toEqual({ over: true, off: true });
});

test("a shepherd that stops gives the machine back, and the next one waits for it without another boot", async () => {
  provider.machines.set("a", machine);
  const first = shepherd();
  const id = await known("a");
  await waitFor("the machine to be on", () => provider.switched.length === 2);
  await waitFor("the wait for it", async () => (await bootWindowOf(fleet.database, id))?.state === "open");
  await first[Symbol.asyncDispose]();
  expect(await fleet.rows("SELECT FROM work")).toEqual([]);
  expect(await backedOff()).toEqual([]);
  await using _second = shepherd();
  await waitFor("the second to take it up", async () => (await fleet.rows("SELECT FROM work")).length === 1);
  await bootAndEnroll();
  await waitFor("the end of the work", async () => (await told(id)).includes("work_finished"));
  expect(provider.switched).toEqual(["a off", "a on network"]);
});
