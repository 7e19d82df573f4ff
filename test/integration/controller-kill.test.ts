// Shepherds killed with SIGKILL at every step that they take with a controller: the next one converges, nothing installed
// loses power, nothing is done twice that may not be, and no override is left.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MemoryMachine } from "../../src/controllers/simulated/machine.ts";
import { type MakerShape, plainShape } from "../../src/controllers/simulated/shape.ts";
import type { SimulatedCall } from "../../src/controllers/simulated/call.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import type { MachineId } from "../../src/database/ids.ts";
import { startAllow } from "../../src/database/queries/agent/start-allowed.ts";
import { bootOverrideOf } from "../../src/database/queries/boot/boot-override.ts";
import { mediumServerSeen } from "../../src/database/queries/boot/medium-server.ts";
import { statesRefresh } from "../../src/database/queries/upkeep/state.ts";
import { transact } from "../../src/database/transaction.ts";
import { sessionsExpireTask } from "../../src/janitor/sessions-expire.ts";
import { type ControlledFleet, controlledFleet } from "../../src/shepherd/testing/controlled-fleet.ts";
import { waitFor } from "../support/wait.ts";
import { withParent } from "../support/with-parent.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const program = new URL("../support/shepherd-child.ts", import.meta.url).pathname;
const clearText = { trust: { by: "clear-text" } } as const;

let all: ControlledFleet;
let shepherds: ChildProcess[];
let controllers: SimulatedController[];
beforeEach(async () => {
  all = await controlledFleet();
  shepherds = [];
  controllers = [];
});
afterEach(async () => {
  await Promise.all(shepherds.map((one) => kill(one)));
  await Promise.all(controllers.map((one) => one[Symbol.asyncDispose]()));
  await all[Symbol.asyncDispose]();
});

function shepherd(): ChildProcess {
  const [command, ...args] = withParent([process.execPath, program, JSON.stringify(all.fleet.test.connection)]);
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  shepherds.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

/** Kills a shepherd, and lets its session's time pass at once. */
async function lose(child: ChildProcess): Promise<void> {
  await kill(child);
  await waitFor("its session to be collected", async () => {
    await all.fleet.rows(
      "UPDATE sessions SET session_deadline = now() - interval '1 second' WHERE session_component = 'shepherd'",
    );
    await sessionsExpireTask(all.fleet.database).run();
    return (await all.fleet.rows("SELECT FROM sessions WHERE session_component = 'shepherd'")).length === 0;
  });
}

async function simulate(
  state: "on" | "off",
  shape: Partial<MakerShape> = {},
): Promise<{ simulated: SimulatedController; machine: MemoryMachine }> {
  const mac = `52:54:00:00:02:${(controllers.length + 16).toString(16)}`;
  const machine = new MemoryMachine({ uuid: randomUUID(), macs: [mac], state });
  // Once is kept as Continuous: an override that is not removed would send each boot to the network.
  const simulated = await SimulatedController.start({
    shape: { ...plainShape, bootQuirks: ["once-stays"], ...shape },
    machine,
  });
  controllers.push(simulated);
  return { simulated, machine };
}

const allow = (machineId: MachineId) =>
  transact(all.fleet.database, null, (tx) => startAllow(tx, machineId, { kind: "operator", name: "anna" }));

/** An installed machine that runs, known by its controller. */
async function installed(): Promise<MemoryMachine> {
  const { simulated, machine } = await simulate("on");
  const machineId = await all.added(simulated.url, clearText);
  await all.fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machineId);
  return machine;
}

/** A machine that runs, whose agent is lost: recovery, then agent start. */
async function lost(): Promise<{ simulated: SimulatedController; machine: MemoryMachine; machineId: MachineId }> {
  const { simulated, machine } = await simulate("on");
  const { machineId } = await all.fleet.add({ agent: true });
  await all.added(simulated.url, { ...clearText, joins: machineId });
  return { simulated, machine, machineId };
}

/** Has the agent of this machine count as lost. */
async function loseAgent(machineId: MachineId): Promise<void> {
  await allow(machineId);
  await all.fleet.rows(
    `INSERT INTO sessions (session_component, session_runtime_info, session_created_at, session_interval_seconds, session_deadline)
     VALUES ('server', 'test', now() - interval '1 day', 15, now() + interval '1 hour')`,
  );
  await all.fleet.rows(
    "UPDATE machine_agent_started SET agent_started_at = now() - interval '1 hour' WHERE machine_id = $1",
    machineId,
  );
  await statesRefresh(all.fleet.database);
}

/** Where a shepherd is killed: at a change that it sends, before or after the controller carries it out. */
interface KillPoint {
  change: "off" | "override" | "on" | "clear" | "insert" | "eject";
  carriedOut: boolean;
}

function isAt({ change }: KillPoint, { method, path, text }: { method: string; path: string; text: string }): boolean {
  switch (change) {
    case "off":
      return method === "POST" && path.endsWith("ComputerSystem.Reset") && text.includes("ForceOff");
    case "on":
      return method === "POST" && path.endsWith("ComputerSystem.Reset") && text.includes('"On"');
    case "override":
      return method === "PATCH" && /Pxe|"Cd"|UefiHttp/u.test(text);
    case "clear":
      return method === "PATCH" && text.includes("Disabled");
    case "insert":
      return method === "POST" && path.endsWith("VirtualMedia.InsertMedia");
    case "eject":
      return method === "POST" && path.endsWith("VirtualMedia.EjectMedia");
  }
}

/** Kills the shepherd as the controller gets this call; it carries the call out, or the connection breaks before. */
function killAt(
  simulated: SimulatedController,
  victim: ChildProcess,
  { at, carriedOut }: { at: (call: SimulatedCall) => boolean; carriedOut: boolean },
): Promise<void> {
  const killed = Promise.withResolvers<void>();
  simulated.heard = (call) => {
    if (at(call)) {
      simulated.heard = () => undefined;
      victim.kill("SIGKILL");
      if (!carriedOut) {
        simulated.faults.push({ method: call.method, does: "cut" });
      }
      killed.resolve();
    }
  };
  return killed.promise;
}

function pointsOf(...changes: KillPoint["change"][]): KillPoint[] {
  return changes.flatMap((change) => [false, true].map((carriedOut) => ({ change, carriedOut })));
}

test.each(pointsOf("off", "override", "on", "clear"))(
  "recovery: killed as it sends $change, carried out: $carriedOut",
  async (point) => {
    const first = shepherd();
    const neighbour = await installed();
    const { simulated, machine, machineId } = await lost();
    const killed = killAt(simulated, first, { at: (call) => isAt(point, call), carriedOut: point.carriedOut });
    await loseAgent(machineId);
    const enroll = async (): Promise<void> => {
      await waitFor("the boot", async () => machine.boots.length === 1);
      await all.bootAndEnroll({ smbiosUuid: machine.uuid, macs: [...machine.macs] });
    };
    if (point.change === "clear") {
      await enroll();
    }
    await killed;
    await lose(first);
    shepherd();
    if (point.change !== "clear") {
      await waitFor(
        "the next shepherd to take it up",
        async () => (await all.fleet.rows("SELECT FROM work")).length === 1,
      );
      await enroll();
    }
    await waitFor("the end of the start", async () => {
      const [work] = await all.fleet.rows("SELECT FROM work");
      const state = await all.fleet.rows<{ candidate: string | null }>(
        "SELECT candidate FROM machine_state WHERE machine_id = $1",
        machineId,
      );
      return work === undefined && state[0]?.candidate === null;
    });
    await waitFor("no override", async () => (await bootOverrideOf(all.fleet.database, machineId)) === undefined);
    expect(simulated.state.boot).toMatchObject({ enabled: "Disabled" });
    expect(await machine.powerGet()).toBe("on");
    // Neither was carried out twice, and the one boot went to the network.
    expect(machine.actions).toEqual(["off", "on"]);
    expect(machine.boots).toEqual(["Pxe"]);
    expect(neighbour.actions).toEqual([]);
  },
);

test.each(pointsOf("insert", "override", "on", "clear", "eject"))(
  "a boot from a medium: killed as it sends $change, carried out: $carriedOut",
  async (point) => {
    await mediumServerSeen(all.fleet.database, { url: "http://198.51.100.1:8081", architectures: ["x86_64"] });
    const { simulated, machine } = await simulate("off", {
      bootTargets: ["None", "Hdd", "Cd"],
      media: { under: "manager", slots: ["1", "2"], actions: true },
    });
    const first = shepherd();
    const killed = killAt(simulated, first, { at: (call) => isAt(point, call), carriedOut: point.carriedOut });
    const machineId = await all.added(simulated.url, clearText);
    const inserted = (): string[] =>
      [...simulated.state.media.values()].flatMap((one) => (one.inserted ? [one.image] : []));
    const enroll = async (): Promise<void> => {
      await waitFor("the boot", async () => machine.boots.length === 1);
      // One of an interrupted start would be booted from as well, and give nothing.
      const [url, ...others] = inserted();
      expect(others).toEqual([]);
      await all.fetchAndEnroll({ url: url ?? "", fetcher: "127.0.0.1", smbiosUuid: machine.uuid });
    };
    const afterEnrolment = point.change === "clear" || point.change === "eject";
    if (afterEnrolment) {
      await enroll();
    }
    await killed;
    await lose(first);
    shepherd();
    if (!afterEnrolment) {
      await enroll();
    }
    await waitFor(
      "no override and an empty drive",
      async () => (await bootOverrideOf(all.fleet.database, machineId)) === undefined && inserted().length === 0,
    );
    expect(simulated.state.boot).toMatchObject({ enabled: "Disabled" });
    expect(machine.actions).toEqual(["on"]);
    expect(machine.boots).toEqual(["Cd"]);
  },
);

test.each(pointsOf("insert", "eject"))(
  "a check of virtual media: killed as it sends $change, carried out: $carriedOut",
  async (point) => {
    await mediumServerSeen(all.fleet.database, { url: "http://198.51.100.1:8081", architectures: ["x86_64"] });
    const { simulated } = await simulate("on", { media: { under: "manager", slots: ["1", "2"], actions: true } });
    const first = shepherd();
    const machineId = await all.added(simulated.url, clearText);
    const killed = killAt(simulated, first, { at: (call) => isAt(point, call), carriedOut: point.carriedOut });
    const fetched = (): Promise<unknown> =>
      all.fleet.rows(
        "UPDATE machine_medium_test SET fetched_at = now(), fetched_by = '127.0.0.1' WHERE fetched_by IS NULL",
      );
    let done = false;
    const ended = all.operate(machineId, { kind: "check", media: true }).finally(() => (done = true));
    let dead = false;
    void killed.then(() => (dead = true));
    await waitFor("the kill", async () => {
      await fetched();
      return dead;
    });
    await lose(first);
    shepherd();
    await waitFor("the check by the next shepherd", async () => {
      await fetched();
      return done;
    });
    expect(await ended).toMatchObject({
      result: { lines: expect.arrayContaining([expect.objectContaining({ ok: true })]) },
    });
    expect([...simulated.state.media.values()].filter(({ inserted }) => inserted)).toEqual([]);
    expect(await all.fleet.rows("SELECT FROM machine_medium_test")).toEqual([]);
  },
);

test.each(pointsOf("override", "on", "clear"))(
  "an HTTP boot: killed as it sends $change, carried out: $carriedOut",
  async (point) => {
    await mediumServerSeen(all.fleet.database, { url: "http://198.51.100.1:8081", architectures: ["x86_64"] });
    const { simulated, machine } = await simulate("off", {
      bootTargets: ["None", "Hdd", "UefiHttp"],
      media: undefined,
    });
    const first = shepherd();
    const killed = killAt(simulated, first, { at: (call) => isAt(point, call), carriedOut: point.carriedOut });
    const machineId = await all.added(simulated.url, clearText);
    const enroll = async (): Promise<void> => {
      await waitFor("the boot", async () => machine.boots.length === 1);
      await all.fetchAndEnroll({ url: machine.httpBootUrl ?? "", fetcher: "192.0.2.9", smbiosUuid: machine.uuid });
    };
    if (point.change === "clear") {
      await enroll();
    }
    await killed;
    await lose(first);
    shepherd();
    if (point.change !== "clear") {
      await enroll();
    }
    await waitFor(
      "neither override nor URL",
      async () =>
        (await bootOverrideOf(all.fleet.database, machineId)) === undefined && simulated.state.boot.url === undefined,
    );
    expect(simulated.state.boot).toMatchObject({ enabled: "Disabled" });
    expect(machine.actions).toEqual(["on"]);
    expect(machine.boots).toEqual(["UefiHttp"]);
  },
);

test.each([false, true])(
  "an override of an installed machine: killed as it sends the removal, carried out: %s",
  async (carriedOut) => {
    const first = shepherd();
    const { simulated, machine } = await simulate("on");
    const machineId = await all.added(simulated.url, clearText);
    simulated.state.boot = { enabled: "Continuous", target: "Pxe", mode: "UEFI" };
    const killed = killAt(simulated, first, { at: (call) => isAt({ change: "clear", carriedOut }, call), carriedOut });
    await all.fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machineId);
    await killed;
    await lose(first);
    shepherd();
    await waitFor("no override", async () => (await bootOverrideOf(all.fleet.database, machineId)) === undefined);
    expect(simulated.state.boot).toMatchObject({ enabled: "Disabled", mode: "UEFI" });
    expect(machine.actions).toEqual([]);
  },
);

test.each([false, true])(
  "an operator's reset: killed as it sends it, carried out: %s; it is never sent again",
  async (carriedOut) => {
    const first = shepherd();
    const { simulated, machine } = await simulate("on");
    const machineId = await all.added(simulated.url, clearText);
    const killed = killAt(simulated, first, {
      at: ({ method, path }) => method === "POST" && path.endsWith("ComputerSystem.Reset"),
      carriedOut,
    });
    const ended = all.operate(machineId, { kind: "power", command: "reset", confirmed: true });
    await killed;
    await lose(first);
    shepherd();
    expect(await ended).toMatchObject({
      code: "interrupted",
      cause: expect.stringContaining("may have been done or not"),
    });
    expect(machine.actions).toEqual(carriedOut ? ["reset"] : []);
  },
);
