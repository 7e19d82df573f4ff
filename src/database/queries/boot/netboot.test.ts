import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { command, operator, testFleet, type Fleet } from "../../../../test/support/fleet.ts";
import { machineId, type MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { machineAdd } from "../machine/machine-add.ts";
import { machineIdentitySet } from "../../machine-identity.ts";
import { netbootFacts } from "./netboot.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
beforeEach(() => fleet.rows("DELETE FROM machine_mac").then(() => fleet.rows("DELETE FROM machine_smbios")));
afterAll(() => fleet[Symbol.asyncDispose]());

const uuid = (digit: string): string => `4c4c4544-0042-3010-8054-${digit.repeat(12)}`;
const mac = (digit: string): string => `52:54:00:00:00:0${digit}`;

async function add(smbiosUuid: string | undefined, macs: string[]): Promise<MachineId> {
  const machine = { machineId: machineId(randomUUID()) };
  await machineAdd(fleet.database, {
    ...command(machine, "machine_add"),
    labels: {},
    provided: { provider: "static", providerId: randomUUID() },
    smbiosUuid,
    macs,
    actor: operator,
  });
  return machine.machineId;
}

const find = async (smbiosUuid: string | undefined, macs: string[]): Promise<MachineId | undefined> =>
  (await netbootFacts(fleet.database, { smbiosUuid, macs }))?.machineId;

test("a machine is found by what both sides know, and not where anything of it disagrees", async () => {
  const both = await add(uuid("a"), [mac("1"), mac("2")]);
  const onlyUuid = await add(uuid("b"), []);
  const onlyMacs = await add(undefined, [mac("3")]);

  expect(await find(uuid("a"), [mac("1")])).toBe(both);
  expect(await find(uuid("a"), [])).toBe(both);
  expect(await find(undefined, [mac("2"), mac("9")])).toBe(both);
  // A board with its UUID, and none of its interfaces; one of its interfaces in another board.
  expect(await find(uuid("a"), [mac("9")])).toBeUndefined();
  expect(await find(uuid("f"), [mac("1")])).toBeUndefined();

  expect(await find(uuid("b"), [mac("9")])).toBe(onlyUuid);
  expect(await find(uuid("f"), [mac("3")])).toBe(onlyMacs);
  // It could be either.
  expect(await find(uuid("b"), [mac("3")])).toBeUndefined();
  expect(await find(undefined, [mac("1"), mac("3")])).toBeUndefined();
  expect(await find(uuid("a"), [mac("1"), mac("3")])).toBeUndefined();
  // An interface that came from a machine with another UUID: the board says which it is.
  const donor = await add(uuid("d"), [mac("4")]);
  expect([await find(uuid("a"), [mac("1"), mac("4")]), await find(uuid("d"), [mac("4")])]).toEqual([both, donor]);
  expect(await find(undefined, [])).toBeUndefined();
  expect(await find(uuid("f"), [mac("9")])).toBeUndefined();
});

test("two boards with one UUID are told apart by their MACs", async () => {
  const first = await add(uuid("a"), [mac("1")]);
  await expect(add(uuid("a"), [mac("2")])).rejects.toMatchObject({
    code: "exists",
    message: `the SMBIOS UUID ${uuid("a")} is machine ${first}'s: leave it out where a maker gave two boards the same one, and give the MACs of both`,
  });
  const second = await add(undefined, [mac("2")]);
  expect([await find(uuid("a"), [mac("1")]), await find(uuid("a"), [mac("2")])]).toEqual([first, second]);
  await expect(add(undefined, [mac("3"), mac("2")])).rejects.toThrow(
    `the MAC ${mac("2")} is machine ${second}'s: a network interface is in one machine only`,
  );
});

test("the facts follow requests, installations and quarantine", async () => {
  const machine = await fleet.add({ agent: false });
  const id = machine.machineId;
  await transact(fleet.database, null, (tx) => machineIdentitySet(tx, id, { smbiosUuid: uuid("c") }));
  const facts = () => netbootFacts(fleet.database, { smbiosUuid: uuid("c"), macs: [] });
  const fresh = { machineId: id, quarantined: false, pending: false, installed: false };
  expect(await facts()).toEqual(fresh);
  await fleet.request(machine);
  expect(await facts()).toEqual({ ...fresh, pending: true });
  await fleet.cancel(machine);
  expect(await facts()).toEqual(fresh);
  await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", id);
  await fleet.rows(
    "INSERT INTO machine_quarantine (machine_id, reason, quarantined_by) VALUES ($1, 'broken', 'tester')",
    id,
  );
  expect(await facts()).toEqual({ ...fresh, installed: true, quarantined: true });
});
