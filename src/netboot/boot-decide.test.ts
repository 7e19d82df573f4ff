import { expect, test } from "vitest";
import { testFleet } from "../../test/support/fleet.ts";
import { machineIdentitySet } from "../database/machine-identity.ts";
import { netbootFacts } from "../database/queries/boot/netboot.ts";
import { transact } from "../database/transaction.ts";
import { bootDecide, bootDecideRemains } from "./boot-decide.ts";

test.for([
  // quarantined, pending, installed
  [false, false, false, "agent"],
  [false, true, false, "agent"],
  [false, true, true, "agent"],
  [false, false, true, "disk"],
  [true, false, false, "hold"],
  [true, true, false, "hold"],
  [true, true, true, "hold"],
  [true, false, true, "hold"],
] as const)("quarantined %s, pending %s, installed %s: %s", ([quarantined, pending, installed, decision]) => {
  expect(bootDecide({ quarantined, pending, installed })).toBe(decision);
});

test("an unknown machine starts the agent, which waits for approval", () => {
  expect(bootDecide(undefined)).toBe("agent");
});

test("the agent is started exactly where the database says that one is wanted", async () => {
  await using fleet = await testFleet();
  for (let combination = 0; combination < 8; combination += 1) {
    const [quarantined, pending, installed] = [1, 2, 4].map((bit) => (combination & bit) !== 0);
    const machine = await fleet.add({ agent: false });
    const mac = `52:54:00:00:00:0${combination}`;
    await transact(fleet.database, null, (tx) => machineIdentitySet(tx, machine.machineId, { macs: [mac] }));
    await fleet.request(machine);
    if (pending !== true) {
      await fleet.cancel(machine);
    }
    if (installed === true) {
      await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machine.machineId);
    }
    if (quarantined === true) {
      await fleet.rows(
        "INSERT INTO machine_quarantine (machine_id, reason, quarantined_by) VALUES ($1, 'broken', 'tester')",
        machine.machineId,
      );
    }
    const facts = await netbootFacts(fleet.database, { macs: [mac] });
    expect(facts).toEqual({ machineId: machine.machineId, quarantined, pending, installed });
    const [row] = await fleet.rows<{ wanted: boolean }>("SELECT agent_wanted($1) AS wanted", machine.machineId);
    expect([combination, bootDecide(facts) === "agent"]).toEqual([combination, row?.wanted]);
  }
});

const idle = { quarantined: false, pending: false, installed: true };
test.for([
  // what agrees, the serial numbers told and known
  ["uuid", undefined, "", "disk"],
  ["uuid", "7X2K9Z3", "7X2K9Z3", "disk"],
  ["uuid", "7X2K9Z3", "8Y3L0A4", undefined],
  // Boards of a series with one UUID have no serial numbers either.
  ["uuid", "", "", undefined],
  ["uuid", "7X2K9Z3", "", undefined],
  ["macs", "7X2K9Z3", "7X2K9Z3", "disk"],
  ["macs", undefined, "7X2K9Z3", undefined],
  ["macs", "", "", undefined],
  ["macs", "8Y3L0A4", "7X2K9Z3", undefined],
  ["swapped", undefined, "", "disk"],
] as const)("N7: installed, %s agrees, serial number %s told, %s known: %s", ([agrees, told, known, decision]) => {
  expect(bootDecideRemains({ ...idle, agrees }, { told, known })).toBe(decision);
  expect(bootDecideRemains({ ...idle, agrees, quarantined: true }, { told, known })).toBe(
    decision === undefined ? undefined : "hold",
  );
  // Its agent has to be let in anew.
  expect(bootDecideRemains({ ...idle, agrees, pending: true }, { told, known })).toBeUndefined();
  expect(bootDecideRemains({ ...idle, agrees, installed: false }, { told, known })).toBeUndefined();
});

test("N7: where nothing of a machine is left, nothing is decided by it", () => {
  expect(bootDecideRemains(undefined, { told: "7X2K9Z3", known: "" })).toBeUndefined();
});
