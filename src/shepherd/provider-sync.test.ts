import { afterEach, beforeEach, expect, test } from "vitest";
import { silent, testFleet, type Fleet } from "../../test/support/fleet.ts";
import { recordingLog } from "../../test/support/recording-log.ts";
import { machineShow } from "../database/queries/machine/machine-show.ts";
import type { MachineId } from "../database/ids.ts";
import { providerSync, waysToAdd, type SyncMemory } from "./provider-sync.ts";
import { fakeProvider, type FakeProvider } from "./testing/fake-provider.ts";

let fleet: Fleet;
let provider: FakeProvider;
let memory: SyncMemory;
beforeEach(async () => {
  fleet = await testFleet();
  provider = fakeProvider("rack");
  memory = new Map();
});
afterEach(async () => await fleet[Symbol.asyncDispose]());

const uuid = "2c5ab2f4-53f3-4d6e-9d5b-0a3b6f0e4c11";
const sync = (log = silent) =>
  providerSync(fleet.database, provider, { log, signal: new AbortController().signal, memory });
const machines = () =>
  fleet.rows<{ id: MachineId; name: string | null; provider_id: string; gone: boolean; status: string | null }>(
    `SELECT m.machine_id AS id, m.name, p.provider_id, p.vanished_at IS NOT NULL AS gone, p.provider_status AS status
     FROM machines m JOIN machine_provided p ON p.machine_id = m.machine_id ORDER BY p.provider_id`,
  );

test("machines are added with what they are known by, changed, marked when they vanish, and welcome back", async () => {
  provider.machines.set("a", {
    providerId: "a",
    name: "web1",
    smbiosUuid: uuid,
    macs: ["52:54:00:00:00:02", "52:54:00:00:00:01"],
    status: "off",
  });
  expect(await sync()).toEqual({ added: 1, updated: 0, vanished: 0, refused: 0 });
  expect(await sync()).toEqual({ added: 0, updated: 0, vanished: 0, refused: 0 });
  const [added] = await machines();
  expect(added).toMatchObject({ name: "web1", provider_id: "a", gone: false, status: "off" });
  expect(await fleet.rows("SELECT smbios_uuid FROM machine_smbios")).toEqual([{ smbios_uuid: uuid }]);
  expect(await fleet.rows("SELECT mac FROM machine_mac ORDER BY mac")).toEqual([
    { mac: "52:54:00:00:00:01" },
    { mac: "52:54:00:00:00:02" },
  ]);

  provider.machines.set("a", { providerId: "a", macs: ["52:54:00:00:00:03"], status: "on" });
  expect(await sync()).toMatchObject({ updated: 1 });
  expect(await fleet.rows("SELECT mac FROM machine_mac")).toEqual([{ mac: "52:54:00:00:00:03" }]);
  expect(await fleet.rows("SELECT FROM machine_smbios")).toEqual([]);

  provider.machines.clear();
  expect(await sync()).toMatchObject({ vanished: 1 });
  expect(await sync()).toMatchObject({ vanished: 0 });
  expect(await machines()).toMatchObject([{ name: "web1", gone: true, status: null }]);

  provider.machines.set("a", { providerId: "a", macs: ["52:54:00:00:00:03"] });
  expect(await sync()).toMatchObject({ added: 0, updated: 1 });
  expect(await machines()).toMatchObject([{ gone: false }]);
  expect(added === undefined ? [] : await fleet.history({ machineId: added.id })).toEqual([
    "machine_added",
    "machine_vanished",
    "machine_returned",
  ]);
});

test("two boards with one SMBIOS UUID, or one name, are two machines all the same, and it is said once", async () => {
  provider.machines.set("a", { providerId: "a", name: "web1", smbiosUuid: uuid, macs: ["52:54:00:00:00:01"] });
  provider.machines.set("b", { providerId: "b", name: "web1", smbiosUuid: uuid, macs: ["52:54:00:00:00:02"] });
  const log = recordingLog();
  expect(await sync(log.log)).toMatchObject({ added: 2, refused: 0 });
  expect(await machines()).toMatchObject([
    { name: "web1", provider_id: "a" },
    { name: null, provider_id: "b" },
  ]);
  const said = log.lines.length;
  expect(said).toBeGreaterThan(0);
  // Its status is stored nevertheless.
  provider.machines.set("b", {
    providerId: "b",
    name: "web1",
    smbiosUuid: uuid,
    macs: ["52:54:00:00:00:02"],
    status: "on",
  });
  expect(await sync(log.log)).toMatchObject({ updated: 1, refused: 0 });
  expect(await sync(log.log)).toMatchObject({ updated: 0, refused: 0 });
  expect(log.lines.length).toBe(said);
  expect(await fleet.rows("SELECT FROM machine_smbios")).toHaveLength(1);
});

test("the ways to add a machine go from all that is told to the least", () => {
  const machine = { providerId: "a", name: "n", smbiosUuid: uuid, macs: ["52:54:00:00:00:01"] };
  const shape = (ways: object[]) => ways.map((way) => Object.keys(way).length);
  expect(shape(waysToAdd(machine))).toEqual([4, 3, 3, 2]);
  // The UUID stays: without UUID and MACs, the machine could not be distinguished from others.
  expect(shape(waysToAdd({ ...machine, macs: [] }))).toEqual([4, 3]);
});

test("a provider that can't be reached costs a turn, is noted down, and nothing vanishes", async () => {
  provider.machines.set("a", { providerId: "a", macs: [] });
  await sync();
  provider.broken = "the BMC of the rack is away";
  await expect(sync()).rejects.toThrow("is away");
  await expect(sync()).rejects.toThrow("is away");
  expect(await machines()).toMatchObject([{ gone: false }]);
  const noted = () =>
    fleet.rows("SELECT provider, power, listed_at IS NOT NULL AS listed, unreachable_cause AS cause FROM provider");
  expect(await noted()).toEqual([
    { provider: "rack", power: true, listed: true, cause: "the BMC of the rack is away" },
  ]);
  provider.broken = undefined;
  await sync();
  expect(await noted()).toEqual([{ provider: "rack", power: true, listed: true, cause: null }]);
});

test("shepherds that look at once add a machine once", async () => {
  for (let number = 0; number < 10; number += 1) {
    provider.machines.set(`m${number}`, { providerId: `m${number}`, name: `m${number}`, macs: [] });
  }
  await Promise.all([sync(), sync(), sync()]);
  expect((await machines()).map(({ name }) => name)).toEqual([...provider.machines.keys()].toSorted());
  const [first] = await machines();
  expect(first && (await machineShow(fleet.database, first.id)).state.state).toBe("new");
});
