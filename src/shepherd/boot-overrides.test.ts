// No leftover sends an installed machine to the network: boot overrides in simulated controllers, on a real database.
import { randomBytes, randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silent } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { MemoryMachine } from "../controllers/simulated/machine.ts";
import { type BootQuirk, plainShape } from "../controllers/simulated/shape.ts";
import { SimulatedController } from "../controllers/simulated/simulated-controller.ts";
import type { MachineId } from "../database/ids.ts";
import { mediumTokenGive } from "../database/queries/boot/boot-medium.ts";
import {
  bootOverrideClearing,
  bootOverrideOf,
  bootOverrideSet,
  bootOverridesTake,
} from "../database/queries/boot/boot-override.ts";
import { bootWindowClose, bootWindowOpen } from "../database/queries/boot/boot-window.ts";
import { machineSurroundings } from "../database/queries/views/explain.ts";
import { sessionStart } from "../database/session.ts";
import { transact } from "../database/transaction.ts";
import { systemClock } from "../lib/clock.ts";
import { type ControlledFleet, controlledFleet } from "./testing/controlled-fleet.ts";
import { simulatedAccess } from "./testing/simulated-access.ts";
import { testShepherd } from "./testing/test-shepherd.ts";

let all: ControlledFleet;
let simulated: SimulatedController;
let machine: MemoryMachine;
beforeEach(async () => {
  all = await controlledFleet();
});
afterEach(async () => {
  await simulated[Symbol.asyncDispose]();
  await all[Symbol.asyncDispose]();
});

const shepherd = () =>
  testShepherd(all.fleet, {
    controllers: simulatedAccess({ limits: { reading: { first: 1, most: 1, total: 2 } } }),
  });

async function simulate(bootQuirks: BootQuirk[] = []): Promise<void> {
  machine = new MemoryMachine({ uuid: randomUUID() });
  simulated = await SimulatedController.start({ shape: { ...plainShape, bootQuirks }, machine });
}

/** The machine is started by its controller until its agent has enrolled. */
async function started(): Promise<MachineId> {
  const machineId = await all.added(simulated.url, { trust: { by: "clear-text" } });
  await waitFor("power", async () => machine.actions.includes("on"));
  await all.bootAndEnroll({ smbiosUuid: machine.uuid, macs: [...machine.macs] });
  await waitFor("the end of the start", async () => (await all.fleet.history({ machineId })).includes("work_finished"));
  return machineId;
}

const install = (machineId: MachineId) =>
  all.fleet.rows(
    "INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1) ON CONFLICT (machine_id) DO UPDATE SET installed_at = now()",
    machineId,
  );
const gone = (machineId: MachineId) =>
  waitFor("the override to be gone", async () => (await bootOverrideOf(all.fleet.database, machineId)) === undefined);
const network = { enabled: "Continuous", target: "Pxe", mode: "UEFI" };

test.each<[quirks: BootQuirk[], target: string]>([
  [[], "None"],
  [["once-stays"], "None"],
  [["mode-flips"], "None"],
  [["off-flips"], "None"],
  [["once-stays", "off-ignored"], "Hdd"],
])(
  "a controller with the peculiarities %j: cleared when the agent has enrolled, and again when it is installed",
  async (quirks, target) => {
    await simulate(quirks);
    await using _shepherd = shepherd();
    const machineId = await started();
    expect(machine.boots).toEqual(["Pxe"]);
    await gone(machineId);
    expect(simulated.state.boot).toMatchObject({ target, mode: "UEFI" });
    // The controller brings the override back, such as after an update of its firmware.
    simulated.state.boot = { ...network };
    await install(machineId);
    await waitFor("it to be removed", async () => simulated.state.boot.target === target);
    await gone(machineId);
    expect(simulated.state.boot).toMatchObject({ target, mode: "UEFI" });
    expect(machine.actions).toEqual(["on"]);
  },
);

test("a controller that is away at that moment is asked again, and explain says so until then", async () => {
  await simulate(["once-stays"]);
  await using _shepherd = shepherd();
  const machineId = await all.added(simulated.url, { trust: { by: "clear-text" } });
  await waitFor("power", async () => machine.actions.includes("on"));
  await waitFor(
    "the wait for the agent",
    async () => (await all.fleet.rows("SELECT FROM machine_boot_window")).length === 1,
  );
  simulated.faults.push({ method: "PATCH", times: 999, does: { status: 403, id: "X", message: "no" } });
  await all.bootAndEnroll({ smbiosUuid: machine.uuid, macs: [...machine.macs] });
  await waitFor("the end of the start", async () => (await all.fleet.history({ machineId })).includes("work_finished"));
  await install(machineId);
  const { bootOverride } = await waitFor("a removal to fail", async () => {
    const facts = await machineSurroundings(all.fleet.database, machineId);
    return facts.bootOverride === undefined ? undefined : facts;
  });
  expect(bootOverride).toMatchObject({ failures: 1, cause: expect.stringContaining("403") });
  expect(simulated.state.boot.target).toBe("Pxe");
  simulated.faults.splice(0);
  await all.fleet.rows("UPDATE machine_boot_override SET clear_at = now()");
  await gone(machineId);
  expect(simulated.state.boot.enabled).toBe("Disabled");
});

test("an override of a start that is under way is left; of a lost shepherd, another one takes it up", async () => {
  await simulate();
  const { database } = all.fleet;
  const machineId = await (async () => {
    await using _shepherd = shepherd();
    return await started();
  })();
  await transact(database, null, (tx) => bootOverrideSet(tx, machineId));
  const none = { busy: [], limit: 10 };
  const lost = await sessionStart(database, { component: "shepherd", log: silent, clock: systemClock });
  {
    await using other = await sessionStart(database, { component: "shepherd", log: silent, clock: systemClock });
    await all.fleet.rows(
      "INSERT INTO work (machine_id, process, session_id) VALUES ($1, 'ShepherdAgentStart', $2)",
      machineId,
      other.id,
    );
    expect(await bootOverridesTake(database, lost, none)).toEqual([]);
  }
  expect(await bootOverridesTake(database, lost, none)).toHaveLength(1);
  await using next = await sessionStart(database, { component: "shepherd", log: silent, clock: systemClock });
  expect(await bootOverridesTake(database, next, none)).toEqual([]);
  // A start would wait for it.
  expect(await bootOverrideClearing(database, machineId)).toBe(true);
  // Its own, whose end could not be recorded, it takes again; not while it removes it.
  expect(await bootOverridesTake(database, lost, { ...none, busy: [machineId] })).toEqual([]);
  expect(await bootOverridesTake(database, lost, none)).toHaveLength(1);
  // It also frees an override for which a start waits meanwhile.
  await all.fleet.rows(
    "INSERT INTO work (machine_id, process, session_id) VALUES ($1, 'ShepherdAgentStart', $2)",
    machineId,
    next.id,
  );
  expect(await bootOverridesTake(database, lost, none)).toEqual([]);
  expect(await bootOverrideClearing(database, machineId)).toBe(false);
  await all.fleet.rows("DELETE FROM work");
  expect(await bootOverridesTake(database, lost, none)).toHaveLength(1);
  await lost[Symbol.asyncDispose]();
  expect(await bootOverrideClearing(database, machineId)).toBe(false);
  expect(await bootOverridesTake(database, next, none)).toHaveLength(1);
});

test("a medium that the machine of a lost shepherd may read from is left in its drive, although its token was given", async () => {
  await simulate();
  const { database } = all.fleet;
  const machineId = await (async () => {
    await using _shepherd = shepherd();
    return await started();
  })();
  const actor = { kind: "component", name: "shepherd" } as const;
  const digest = randomBytes(32);
  await bootWindowOpen(database, machineId, {
    actor,
    seconds: 600,
    medium: { digest, way: "medium", fetchers: ["192.0.2.50"] },
  });
  const give = { machineId, mediumDigest: digest, tokenDigest: randomBytes(32), address: "192.0.2.50" };
  expect(await mediumTokenGive(database, { ...give, actor: { kind: "component", name: "netboot" } })).toBe(true);
  await transact(database, null, (tx) => bootOverrideSet(tx, machineId));
  await using next = await sessionStart(database, { component: "shepherd", log: silent, clock: systemClock });
  expect(await bootOverridesTake(database, next, { busy: [], limit: 10 })).toEqual([]);
  await bootWindowClose(database, { machineId, actor });
  expect(await bootOverridesTake(database, next, { busy: [], limit: 10 })).toHaveLength(1);
});
