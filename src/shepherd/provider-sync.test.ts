import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silent, testFleet, type Fleet } from "../../test/support/fleet.ts";
import { machineShow } from "../database/queries/machine/machine-show.ts";
import { requestId as toRequestId, type MachineId } from "../database/ids.ts";
import { providerAccept } from "../database/queries/provider/provider-doubt.ts";
import { providersStand } from "../database/queries/provider/provider-standing.ts";
import { sessionStart } from "../database/session.ts";
import { systemClock } from "../lib/clock.ts";
import { defined } from "../lib/defined.ts";
import type { ProvidedMachine } from "./provider.ts";
import { providerListing, providerSync } from "./provider-sync.ts";
import { fakeProvider, type FakeProvider } from "./testing/fake-provider.ts";

let fleet: Fleet;
let provider: FakeProvider;
beforeEach(async () => {
  fleet = await testFleet();
  provider = fakeProvider("rack");
});
afterEach(async () => await fleet[Symbol.asyncDispose]());

const uuid = "2c5ab2f4-53f3-4d6e-9d5b-0a3b6f0e4c11";
const live = new AbortController().signal;
async function sync(log = silent) {
  const listing = await providerListing(fleet.database, provider, live);
  return providerSync(fleet.database, provider, listing, { log, signal: live, session: null });
}
const problems = async () =>
  (await fleet.rows<{ problems: string[] }>("SELECT problems FROM provider WHERE provider = 'rack'"))[0]?.problems ??
  [];
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
  expect(await sync()).toEqual({ added: 1, joined: 0, updated: 0, vanished: 0, refused: 0 });
  expect(await sync()).toEqual({ added: 0, joined: 0, updated: 0, vanished: 0, refused: 0 });
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

test("two boards with one SMBIOS UUID, or one name, are two machines all the same, and it is said", async () => {
  const b = { providerId: "b", name: "web1", smbiosUuid: uuid, macs: ["52:54:00:00:00:02"] };
  provider.machines.set("a", { providerId: "a", name: "web1", smbiosUuid: uuid, macs: ["52:54:00:00:00:01"] });
  expect(await sync()).toMatchObject({ added: 1, refused: 0 });
  provider.machines.set("b", b);
  expect(await sync()).toMatchObject({ added: 1, refused: 0 });
  expect(await machines()).toMatchObject([
    { name: "web1", provider_id: "a" },
    { name: null, provider_id: "b" },
  ]);
  const said = await problems();
  expect(said).toEqual([
    `b: SMBIOS UUID ${uuid} is machine web1's: it is known by its MACs alone`,
    'b: the name "web1" is another machine\'s: it has none',
  ]);
  // Its status is stored nevertheless.
  provider.machines.set("b", { ...b, status: "on" });
  expect(await sync()).toMatchObject({ updated: 1, refused: 0 });
  expect(await sync()).toMatchObject({ updated: 0, refused: 0 });
  expect(await problems()).toHaveLength(said.length);
  expect(await fleet.rows("SELECT FROM machine_smbios")).toHaveLength(1);
  // What was taken is free again.
  await fleet.rows("UPDATE machines SET name = 'other' WHERE name = 'web1'");
  await fleet.rows("DELETE FROM machine_smbios");
  expect(await sync()).toMatchObject({ updated: 1 });
  expect(await problems()).toEqual([]);
  expect(await machines()).toMatchObject([{ name: "other" }, { name: "web1" }]);
});

test("machines that were exchanged in the list have each other's UUID and MACs", async () => {
  const [one, other] = ["52:54:00:00:00:01", "52:54:00:00:00:02"];
  const second = uuid.replace(/1$/u, "2");
  const list = (a: [string, string], b: [string, string]): void => {
    provider.machines.set("a", { providerId: "a", smbiosUuid: a[0], macs: [a[1]] });
    provider.machines.set("b", { providerId: "b", smbiosUuid: b[0], macs: [b[1]] });
  };
  const known = () =>
    fleet.rows(
      `SELECT p.provider_id AS id, u.smbios_uuid AS uuid, k.mac::text FROM machine_provided p
       JOIN machine_smbios u USING (machine_id) JOIN machine_mac k USING (machine_id) ORDER BY 1`,
    );
  list([uuid, one], [second, other]);
  await sync();
  list([second, other], [uuid, one]);
  expect(await sync()).toMatchObject({ updated: 2, refused: 0 });
  expect(await problems()).toEqual([]);
  expect(await known()).toEqual([
    { id: "a", uuid: second, mac: other },
    { id: "b", uuid, mac: one },
  ]);
  expect(await sync()).toMatchObject({ updated: 0 });
  // Where the UUID is a third machine's, the machine that would have given up its own keeps it, and no other machine gets it.
  const { machineId } = await fleet.add();
  const third = uuid.replace(/1$/u, "3");
  await fleet.rows("INSERT INTO machine_smbios VALUES ($1, $2)", machineId, third);
  list([uuid, other], [third, one]);
  expect(await sync()).toMatchObject({ updated: 0, refused: 0 });
  expect(await problems()).toEqual([
    expect.stringContaining(`a: SMBIOS UUID ${uuid} is machine`),
    expect.stringContaining(`b: SMBIOS UUID ${third} is machine`),
  ]);
  expect(await known()).toEqual([
    { id: "a", uuid: second, mac: other },
    { id: "b", uuid, mac: one },
  ]);
});

test("a machine that is known already joins by its identity, with what it has", async () => {
  const { machineId } = await fleet.add();
  await fleet.rows('UPDATE machines SET labels = \'{"rack": "mine"}\' WHERE machine_id = $1', machineId);
  await fleet.rows("INSERT INTO machine_mac VALUES ($1, '52:54:00:00:00:01')", machineId);
  await fleet.rows("INSERT INTO machine_smbios VALUES ($1, $2)", machineId, uuid);
  const listed = { macs: ["52:54:00:00:00:01", "52:54:00:00:00:02"], name: "web1", labels: { rack: "a", row: "1" } };
  // Its MAC agrees, its UUID does not.
  provider.machines.set("a", { ...listed, providerId: "a", smbiosUuid: uuid.replace(/1$/u, "2") });
  expect(await sync()).toMatchObject({ added: 0, joined: 0, refused: 1 });
  expect(await problems()).toEqual([expect.stringContaining("a: MAC 52:54:00:00:00:01 is machine")]);
  provider.machines.set("a", { ...listed, providerId: "a" });
  expect(await sync()).toMatchObject({ added: 0, joined: 1, refused: 0 });
  expect(await fleet.rows("SELECT name, labels FROM machines")).toEqual([
    { name: "web1", labels: { rack: "mine", row: "1" } },
  ]);
  expect(await fleet.rows("SELECT mac FROM machine_mac")).toHaveLength(2);
  expect(await fleet.rows("SELECT smbios_uuid FROM machine_smbios")).toEqual([{ smbios_uuid: uuid }]);
  expect(await fleet.history({ machineId })).toContain("machine_joined");
  expect(await sync()).toMatchObject({ added: 0, joined: 0, updated: 0 });
});

test("a machine's network is the list's while the list changes it; what an operator sets or removes stays", async () => {
  const list = (network?: string) =>
    provider.machines.set("a", { providerId: "a", macs: ["52:54:00:00:00:01"], ...defined({ network }) });
  const stored = async () =>
    (await fleet.rows<{ said: string }>("SELECT set_by || ' ' || network_config AS said FROM machine_network"))[0]
      ?.said;
  list("one");
  expect(await sync()).toMatchObject({ added: 1 });
  expect(await stored()).toBe("rack one");
  list("two");
  expect(await sync()).toMatchObject({ updated: 1 });
  expect(await sync()).toMatchObject({ updated: 0 });
  expect(await stored()).toBe("rack two");
  await fleet.rows("UPDATE machine_network SET network_config = 'mine', set_by = 'me'");
  list("three");
  expect(await sync()).toMatchObject({ updated: 1 });
  expect(await stored()).toBe("me mine");
  list();
  expect(await sync()).toMatchObject({ updated: 1 });
  expect(await stored()).toBe("me mine");
  // Removed by an operator: it stays away, until the list has none in between.
  list("four");
  await fleet.rows("DELETE FROM machine_network");
  expect(await sync()).toMatchObject({ updated: 1 });
  expect(await stored()).toBe("rack four");
  await fleet.rows("DELETE FROM machine_network");
  list("five");
  await sync();
  expect(await stored()).toBeUndefined();
  list();
  await sync();
  list("six");
  await sync();
  expect(await stored()).toBe("rack six");
  list();
  await sync();
  expect(await stored()).toBeUndefined();
});

test("a machine that joins gets the list's network if it has none", async () => {
  for (const [n, own] of [undefined, "mine"].entries()) {
    const { machineId } = await fleet.add();
    const mac = `52:54:00:00:01:0${n}`;
    await fleet.rows("INSERT INTO machine_mac VALUES ($1, $2)", machineId, mac);
    if (own !== undefined) {
      await fleet.rows("INSERT INTO machine_network VALUES ($1, $2, now(), 'me')", machineId, own);
    }
    provider.machines.set(`j${n}`, { providerId: `j${n}`, macs: [mac], network: "listed" });
  }
  expect(await sync()).toMatchObject({ joined: 2 });
  expect(await fleet.rows("SELECT network_config FROM machine_network ORDER BY network_config")).toEqual([
    { network_config: "listed" },
    { network_config: "mine" },
  ]);
});

test("a machine of a provider that a live shepherd has joins no other", async () => {
  const { machineId } = await fleet.add({ provider: "other" });
  await fleet.rows("INSERT INTO machine_mac VALUES ($1, '52:54:00:00:00:01')", machineId);
  const session = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  const digest = new Uint8Array(32);
  await providersStand(
    fleet.database,
    session,
    [{ name: "other", type: "inventory", power: false, autostart: false, digest }],
    undefined,
  );
  provider.machines.set("a", { providerId: "a", macs: ["52:54:00:00:00:01"] });
  expect(await sync()).toMatchObject({ joined: 0, refused: 1 });
  expect(await problems()).toEqual([
    `a: is machine ${machineId}, which provider other lists: expected it in one list only`,
  ]);
  // Nobody has it any more: as a provider that was given another name.
  await session[Symbol.asyncDispose]();
  await fleet.rows("DELETE FROM sessions");
  expect(await sync()).toMatchObject({ joined: 1, refused: 0 });
});

test("a list that lacks more than a tenth is not believed until an operator accepts it", async () => {
  const all = Array.from({ length: 30 }, (_, n): ProvidedMachine => ({ providerId: `m${n}`, macs: [] }));
  const list = (listed: readonly ProvidedMachine[]): void => {
    provider.machines.clear();
    listed.forEach((machine) => provider.machines.set(machine.providerId, machine));
  };
  const gone = async () => (await machines()).filter((machine) => machine.gone).length;
  const held = async () =>
    (await fleet.rows<{ cause: string | null }>("SELECT held_cause AS cause FROM provider"))[0]?.cause;
  const accept = (requestId: string) =>
    providerAccept(fleet.database, {
      provider: "rack",
      acceptedBy: "tester",
      requestId: toRequestId(requestId),
      command: "provider_accept",
      bodyDigests: [new Uint8Array(32)],
    });
  list(all);
  await sync();
  list(all.slice(4));
  expect(await sync()).toMatchObject({ held: "4 of 30 machines are gone from its list at once", vanished: 0 });
  expect(await gone()).toBe(0);
  expect(await held()).toContain("4 of 30");
  // Nothing else of the list is taken either, and no work of this provider begins.
  list([...all.slice(4), { providerId: "new", macs: [] }]);
  expect(await sync()).toMatchObject({ added: 0 });
  expect(await fleet.rows("SELECT FROM machine_doubted")).toHaveLength(4);

  const id = randomUUID();
  expect(await accept(id)).toEqual({ gone: 4, changed: 0 });
  expect(await accept(id)).toEqual({ gone: 4, changed: 0 });
  await expect(accept(randomUUID())).rejects.toThrow("nothing to accept");
  // What else goes until then was not accepted.
  list([...all.slice(12), { providerId: "new", macs: [] }]);
  expect(await sync()).toMatchObject({ held: "8 of 30 machines are gone from its list at once" });
  list([...all.slice(4), { providerId: "new", macs: [] }]);
  expect(await sync()).toMatchObject({ added: 1, vanished: 4 });
  expect(await held()).toBeNull();
  expect(await gone()).toBe(4);
  expect(await fleet.rows("SELECT FROM machine_doubted")).toHaveLength(0);
  // All are back.
  list(all);
  expect(await sync()).toMatchObject({ updated: 4, vanished: 1 });
});

test("a list with entries that can't be read makes no machine go", async () => {
  provider.machines.set("a", { providerId: "a", macs: [] });
  await sync();
  provider.machines.clear();
  provider.machines.set("b", { providerId: "b", macs: [] });
  provider.problems = ["line 7: …"];
  expect(await sync()).toMatchObject({ added: 1, vanished: 0 });
  expect(await problems()).toEqual(["line 7: …"]);
  provider.problems = undefined;
  expect(await sync()).toMatchObject({ vanished: 1 });
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
