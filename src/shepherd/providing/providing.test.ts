// Providers through whole shepherds on a real database: inventories' controllers are fakes.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Fleet } from "../../../test/support/fleet.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { providerAccept } from "../../database/queries/provider/provider-doubt.ts";
import { providerList } from "../../database/queries/provider/provider-list.ts";
import { machineSurroundings } from "../../database/queries/views/explain.ts";
import { type MachineId, requestId } from "../../database/ids.ts";
import { type ProvidedController, type Provider, ProviderError } from "../provider.ts";
import { type ControlledFleet, controlledFleet } from "../testing/controlled-fleet.ts";
import { type FakeControllers, fakeControllers, fakeFingerprint } from "../testing/fake-controller.ts";
import { fakeProvider, type FakeProvider } from "../testing/fake-provider.ts";
import { testShepherd } from "../testing/test-shepherd.ts";
import type { ProvidersSource } from "./keep.ts";

let all: ControlledFleet;
let fleet: Fleet;
let fakes: FakeControllers;
beforeEach(async () => {
  all = await controlledFleet();
  ({ fleet } = all);
  fakes = fakeControllers();
});
afterEach(async () => await all[Symbol.asyncDispose]());

/** A provider without power: its machines' controllers switch them. */
function inventory(name = "rack", settings = "one"): FakeProvider & Provider {
  const fake = fakeProvider(name);
  const provider: Partial<FakeProvider> & Provider = Object.assign(fake, { type: "inventory", settings });
  delete provider.power;
  return fake;
}

const controller = (n: number, more: Partial<ProvidedController> = {}): ProvidedController => ({
  protocol: "redfish",
  url: `https://bmc${n}`,
  credential: "rack",
  trust: { by: "fingerprint", sha256: fakeFingerprint },
  ...more,
});
const machineOf = async (providerId: string): Promise<MachineId | undefined> =>
  (
    await fleet.rows<{ machine_id: MachineId }>(
      "SELECT machine_id FROM machine_provided WHERE provider_id = $1",
      providerId,
    )
  )[0]?.machine_id;
const count = async (text: string): Promise<number> => (await fleet.rows(text)).length;

/** A configuration that a test changes. */
function changing(...first: Provider[]): ProvidersSource & { set: (...next: Provider[]) => void } {
  let providers = first;
  let next = Promise.withResolvers<void>();
  return {
    current: () => ({ providers }),
    changed: () => next.promise,
    set: (...after) => {
      providers = after;
      const { resolve } = next;
      next = Promise.withResolvers();
      resolve();
    },
  };
}

test("an inventory of 40 running machines: each controller is read and stored, and there is not one power call", async () => {
  const provider = inventory();
  for (let n = 0; n < 40; n += 1) {
    const fake = fakes.at(`https://bmc${n}`);
    fake.power = "on";
    fake.facts = { smbiosUuid: randomUUID(), serials: [`S${n}`] };
    provider.machines.set(`S${n}`, { providerId: `S${n}`, serial: `S${n}`, macs: [], controller: controller(n) });
  }
  await using _shepherd = testShepherd(fleet, { controllers: fakes.access, providers: [provider] });
  await waitFor("all controllers", async () => (await count("SELECT FROM machine_controller")) === 40);
  await waitFor("the search for work", async () => (await count("SELECT FROM machine_found_running")) === 40);
  const done = Array.from({ length: 40 }, (_, n) => fakes.at(`https://bmc${n}`).done);
  expect(done.flat()).toEqual([]);
  expect(await fleet.rows("SELECT DISTINCT state FROM machine_state")).toEqual([{ state: "new" }]);
  // What each is known by came from its controller, and stays.
  expect(await count("SELECT FROM machine_smbios")).toBe(40);
  expect(await fleet.rows("SELECT DISTINCT set_by FROM machine_controller")).toEqual([{ set_by: "provider rack" }]);
});

test("a controller whose certificate nobody has accepted is not opened; explain has the command", async () => {
  const provider = inventory();
  const { trust: _trust, ...untrusted } = controller(1);
  provider.machines.set("S1", { providerId: "S1", name: "web1", macs: [], controller: untrusted });
  await using _shepherd = testShepherd(fleet, { controllers: fakes.access, providers: [provider] });
  await waitFor("the machine", async () => (await machineOf("S1")) !== undefined);
  const machineId = (await machineOf("S1")) as MachineId;
  expect((await machineSurroundings(fleet.database, machineId)).controllerWanted).toEqual({
    url: "https://bmc1",
    credential: "rack",
    trusted: false,
  });
  // An operator accepts it, and the inventory is satisfied.
  expect(fakes.at("https://bmc1").opened).toBe(0);
  fakes.at("https://bmc1").facts = { smbiosUuid: randomUUID() };
  expect(await all.add("https://bmc1", { joins: machineId })).toMatchObject({ result: { machineId } });
  expect((await machineSurroundings(fleet.database, machineId)).controllerWanted).toBeUndefined();
});

test.each([
  [
    "a refused password",
    (fake: ReturnType<FakeControllers["at"]>) => void (fake.broken = "unauthorized"),
    {},
    "unauthorized",
  ],
  [
    "another serial number",
    (fake: ReturnType<FakeControllers["at"]>) => void (fake.facts = { serials: ["S2"] }),
    {},
    "serial number S1",
  ],
  ["a credential that is not there", () => undefined, { credential: "nope" }, 'no credential "nope"'],
])("%s is tried once, then left for a while, and explain says why", async (_what, breaks, more, cause) => {
  const provider = inventory();
  breaks(fakes.at("https://bmc1"));
  provider.machines.set("S1", { providerId: "S1", serial: "S1", macs: [], controller: controller(1, more) });
  await using _shepherd = testShepherd(fleet, { controllers: fakes.access, providers: [provider] });
  await waitFor(
    "the failure",
    async () => (await count("SELECT FROM machine_controller_wanted WHERE failed_at IS NOT NULL")) === 1,
  );
  const wanted = await fleet.rows<{ attempts: number; later: boolean; cause: string }>(
    "SELECT attempts, try_at > now() + interval '30 seconds' AS later, failed_code || ' ' || failed_cause AS cause FROM machine_controller_wanted",
  );
  expect(wanted).toMatchObject([{ attempts: 1, later: true, cause: expect.stringContaining(cause) }]);
  expect(fakes.at("https://bmc1").done).toEqual([]);
});

test("what an operator set or removed stays, until the inventory names another one", async () => {
  const provider = inventory();
  const entry = (n: number) => provider.machines.set("S1", { providerId: "S1", macs: [], controller: controller(n) });
  entry(1);
  fakes.at("https://bmc1").power = "on";
  fakes.at("https://bmc3").power = "on";
  await using _shepherd = testShepherd(fleet, { controllers: fakes.access, providers: [provider] });
  const url = async () => (await fleet.rows<{ url: string }>("SELECT url FROM machine_controller"))[0]?.url;
  await waitFor("the controller", async () => (await url()) === "https://bmc1");
  await fleet.rows("DELETE FROM machine_controller");
  await fleet.rows("UPDATE machine_controller_wanted SET try_at = now()");
  entry(2);
  fakes.at("https://bmc2").power = "on";
  await waitFor("the other one", async () => (await url()) === "https://bmc2");
  await fleet.rows("UPDATE machine_controller SET url = 'https://mine', set_by = 'alice'");
  entry(3);
  await waitFor(
    "the failure",
    async () => (await count("SELECT FROM machine_controller_wanted WHERE failed_code = 'exists'")) === 1,
  );
  expect(await url()).toBe("https://mine");
});

test("an inventory that names another controller while one is read: the other one stays", async () => {
  const provider = inventory();
  const entry = (n: number) => provider.machines.set("S1", { providerId: "S1", macs: [], controller: controller(n) });
  const reading = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const open: typeof fakes.access.open = async (options) => {
    if (options.url === "https://bmc1") {
      reading.resolve();
      await go.promise;
    }
    return fakes.access.open(options);
  };
  for (const n of [1, 2]) {
    fakes.at(`https://bmc${n}`).power = "on";
  }
  entry(1);
  const shepherd = testShepherd(fleet, { controllers: { ...fakes.access, open }, providers: [provider] });
  const stored = () => fleet.rows<{ url: string }>("SELECT url FROM machine_controller");
  await reading.promise;
  entry(2);
  await waitFor("the other one", async () => (await stored())[0]?.url === "https://bmc2");
  go.resolve();
  await waitFor("the first one's answer", () => fakes.at("https://bmc1").opened > 0);
  await waitFor("the first one's reading", () => fakes.at("https://bmc1").calls > 0);
  await shepherd[Symbol.asyncDispose]();
  expect(await stored()).toEqual([{ url: "https://bmc2" }]);
  expect(
    await fleet.rows(
      "SELECT wanted ->> 'url' AS url, done_at IS NOT NULL AS done, failed_cause AS failed FROM machine_controller_wanted",
    ),
  ).toEqual([{ url: "https://bmc2", done: true, failed: null }]);
});

const accept = (): Promise<unknown> =>
  providerAccept(fleet.database, {
    ...{ provider: "rack", acceptedBy: "tester", command: "provider_accept" },
    requestId: requestId(randomUUID()),
    bodyDigests: [new Uint8Array(32)],
  });

test("what an operator accepts is taken at once, however seldom the provider is listed", async () => {
  const provider = inventory();
  provider.pace = 3_600_000;
  for (const id of ["a", "b", "c", "d"]) {
    provider.machines.set(id, { providerId: id, macs: [] });
  }
  const first = testShepherd(fleet, { providers: [provider] });
  await waitFor("the machines", async () => (await count("SELECT FROM machine_provided")) === 4);
  await first[Symbol.asyncDispose]();
  provider.machines.clear();
  provider.machines.set("a", { providerId: "a", macs: [] });
  await using _shepherd = testShepherd(fleet, { providers: [provider] });
  await waitFor("the doubts", async () => (await count("SELECT FROM machine_doubted")) === 3);
  await waitFor("the hold", async () => (await count("SELECT FROM provider WHERE held_since IS NOT NULL")) === 1);
  await accept();
  await waitFor(
    "what was accepted",
    async () => (await count("SELECT FROM machine_provided WHERE vanished_at IS NOT NULL")) === 3,
  );
  await waitFor("its work", async () => (await count("SELECT FROM provider WHERE held_since IS NOT NULL")) === 0);
});

test("a list that nobody reads any more holds nothing up, once it is accepted", async () => {
  const provider = inventory();
  for (const id of ["a", "b", "c"]) {
    provider.machines.set(id, { providerId: id, macs: [] });
  }
  const source = changing(provider);
  await using _shepherd = testShepherd(fleet, { configured: source });
  await waitFor("the machines", async () => (await count("SELECT FROM machine_provided")) === 3);
  provider.machines.clear();
  const held = () => count("SELECT FROM provider WHERE held_since IS NOT NULL");
  await waitFor("the hold", async () => (await held()) === 1);
  source.set();
  await waitFor("nobody looks", async () => (await providerList(fleet.database))[0]?.shepherd === undefined);
  expect(await held()).toBe(1);
  await accept();
  await waitFor("the end of the hold", async () => (await held()) === 0);
  expect(await count("SELECT FROM machine_doubted")).toBe(0);
});

test("of two shepherds with the same settings one looks; with other settings the second stands aside, and takes over", async () => {
  const [first, second] = [inventory("rack", "one"), inventory("rack", "two")];
  first.machines.set("a", { providerId: "a", macs: [] });
  second.machines.set("b", { providerId: "b", macs: [] });
  const source = changing(second);
  const ids = async () =>
    (
      await fleet.rows<{ id: string }>(
        "SELECT provider_id AS id FROM machine_provided WHERE vanished_at IS NULL ORDER BY 1",
      )
    ).map(({ id }) => id);
  const one = testShepherd(fleet, { providers: [first] });
  await waitFor("the first list", async () => (await ids()).join() === "a");
  await using _two = testShepherd(fleet, { configured: source });
  await waitFor(
    "the second shepherd's stand",
    async () => (await providerList(fleet.database))[0]?.otherSettings.length === 1,
  );
  expect(await ids()).toEqual(["a"]);
  // The same settings now: the first one goes on looking.
  const same = Object.assign(inventory("rack", "one"), { machines: new Map([["c", { providerId: "c", macs: [] }]]) });
  source.set(same);
  await waitFor("the same settings", async () => (await providerList(fleet.database))[0]?.otherSettings.length === 0);
  expect(await ids()).toEqual(["a"]);
  // The first one is gone: its session is, and the second one looks.
  await one[Symbol.asyncDispose]();
  same.list = async () => ({
    machines: [
      { providerId: "a", macs: [] },
      { providerId: "c", macs: [] },
    ],
  });
  await waitFor("the second list", async () => (await ids()).join() === "a,c");
});

test("a provider that leaves the configuration leaves its machines alone, and comes back", async () => {
  const provider = inventory();
  provider.mediaUrl = "http://203.0.113.9:8081";
  provider.machines.set("a", { providerId: "a", macs: [] });
  const source = changing(provider);
  await using _shepherd = testShepherd(fleet, { configured: source });
  await waitFor("the list", async () => (await count("SELECT FROM machine_provided")) === 1);
  expect(await providerList(fleet.database)).toMatchObject([{ mediaUrl: "http://203.0.113.9:8081" }]);
  source.set();
  await waitFor("nobody looks", async () => (await providerList(fleet.database))[0]?.shepherd === undefined);
  expect((await providerList(fleet.database))[0]?.mediaUrl).toBeUndefined();
  expect(await count("SELECT FROM machine_provided WHERE vanished_at IS NULL")).toBe(1);
  source.set(provider);
  provider.machines.set("b", { providerId: "b", macs: [] });
  await waitFor("the list again", async () => (await count("SELECT FROM machine_provided")) === 2);
});

test("while a list is not believed, this provider's agents are not started, others' are", async () => {
  const [held, other] = [fakeProvider("held"), fakeProvider("other")];
  const { providerId } = await fleet.add({ provider: "held", agent: false });
  held.autostart = true;
  held.machines.set(providerId, { providerId, macs: [] });
  held.list = () => Promise.reject(new ProviderError("unavailable", "it is not listed in this test"));
  other.machines.set("b", { providerId: "b", macs: [] });
  await fleet.rows(
    "INSERT INTO provider (provider, power, held_since, held_cause) VALUES ('held', true, now(), 'test')",
  );
  await using _shepherd = testShepherd(fleet, { providers: [held, other] });
  await waitFor("the other's start", async () => other.switched.length > 0);
  expect(held.switched).toEqual([]);
  await fleet.rows("UPDATE provider SET held_since = NULL, held_cause = NULL");
  await waitFor("its start", async () => held.switched.length > 0);
});

test("power is read at two paces: often where an agent is wanted, seldom elsewhere; a failure holds up nobody", async () => {
  const provider = fakeProvider("rack");
  const calls: string[] = [];
  const { get } = provider.power;
  provider.power.get = (id, signal) => {
    calls.push(id);
    return id === "broken" ? Promise.reject(new ProviderError("unavailable", "no")) : get(id, signal);
  };
  provider.powerPace = { matters: 0, others: 3_600 };
  for (const id of ["wanted", "left", "broken"]) {
    const { machineId } = await fleet.add({ provider: "rack", agent: false });
    await fleet.rows("UPDATE machine_provided SET provider_id = $1 WHERE machine_id = $2", id, machineId);
    provider.machines.set(id, { providerId: id, macs: [] });
    provider.states.set(id, "on");
    if (id === "left") {
      await fleet.rows(
        "INSERT INTO machine_quarantine (machine_id, quarantined_by, reason) VALUES ($1, 'test', 'test')",
        machineId,
      );
    }
  }
  // Nothing is started: the readings are this loop's alone.
  provider.list = () => Promise.reject(new ProviderError("unavailable", "it is not listed in this test"));
  await fleet.rows(
    "INSERT INTO provider (provider, power, held_since, held_cause) VALUES ('rack', true, now(), 'test')",
  );
  await using _shepherd = testShepherd(fleet, { providers: [provider] });
  const times = (id: string) => calls.filter((call) => call === id).length;
  await waitFor("readings", () => times("wanted") >= 4 && times("left") > 0);
  expect(times("left")).toBe(1);
  expect(times("broken")).toBe(1);
  expect(provider.switched).toEqual([]);
  expect(await fleet.rows("SELECT DISTINCT power, read_from FROM machine_power")).toEqual([
    { power: "on", read_from: "rack" },
  ]);
});
