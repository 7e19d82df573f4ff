// Agent start by controllers, through the shepherd on a real database. The controllers are fakes.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Fleet } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { powerOf } from "../database/queries/controller/power.ts";
import { type ControlledFleet, controlledFleet } from "./testing/controlled-fleet.ts";
import { type FakeControllers, fakeControllers, fakeFingerprint } from "./testing/fake-controller.ts";
import { testShepherd } from "./testing/test-shepherd.ts";

let all: ControlledFleet;
let fleet: Fleet;
let fakes: FakeControllers;
beforeEach(async () => {
  all = await controlledFleet();
  ({ fleet } = all);
  fakes = fakeControllers();
});
afterEach(async () => await all[Symbol.asyncDispose]());

const shepherd = () => testShepherd(fleet, { controllers: fakes.access });
const add: ControlledFleet["add"] = (...args) => all.add(...args);
const added: ControlledFleet["added"] = (...args) => all.added(...args);

test("a machine that is off: into the network by its controller; the override is taken back when its agent has enrolled", async () => {
  const smbiosUuid = randomUUID();
  const fake = fakes.at("https://bmc1");
  fake.facts = { smbiosUuid, macs: ["52:54:00:00:00:01"], maker: "Acme" };
  await using _shepherd = shepherd();
  const machineId = await added("https://bmc1");
  await waitFor("power", async () => fake.done.includes("power on"));
  await all.bootAndEnroll({ smbiosUuid, macs: ["52:54:00:00:00:01"] });
  await waitFor("the end of the start", async () => (await fleet.history({ machineId })).includes("work_finished"));
  expect(fake.done).toEqual(["boot network once", "power on", "clear"]);
});

test.each(["unreachable", "not_done"] as const)(
  "switched on, and the call fails with %s: the override stays, and the next start joins the boot that is on its way",
  async (code) => {
    const identity = { smbiosUuid: randomUUID(), macs: ["52:54:00:00:00:01"] };
    const fake = fakes.at("https://bmc1");
    fake.facts = identity;
    fake.onLost = code;
    await using _shepherd = shepherd();
    const machineId = await added("https://bmc1");
    await waitFor("the backoff", async () => (await fleet.rows("SELECT FROM work_backoff")).length === 1);
    expect(fake.done).toEqual(["boot network once", "power on"]);
    await fleet.rows("DELETE FROM work_backoff");
    await waitFor("the next start", async () => (await fleet.rows("SELECT FROM work")).length === 1);
    await all.bootAndEnroll(identity);
    await waitFor("the end of the start", async () => (await fleet.history({ machineId })).includes("work_finished"));
    expect(fake.done).toEqual(["boot network once", "power on", "clear"]);
  },
);

test("without a word on its certificate the operation ends with the fingerprint, and nothing is opened", async () => {
  await using _shepherd = shepherd();
  expect(await add("https://bmc1", { trust: { by: "ask" } })).toMatchObject({
    result: { outcome: "certificate", sha256: fakeFingerprint },
  });
  expect(fakes.at("https://bmc1").opened).toBe(0);
  expect(await fleet.rows("SELECT FROM machines")).toEqual([]);
});

test("it is joined to the machine that it names, in either byte order; another one is refused", async () => {
  const smbiosUuid = "c0ffee00-1234-4abc-8def-001122334455";
  const { machineId } = await fleet.add();
  await fleet.rows("INSERT INTO machine_smbios (machine_id, smbios_uuid) VALUES ($1, $2)", machineId, smbiosUuid);
  await using _shepherd = shepherd();
  fakes.at("https://bmc1").facts = { smbiosUuid: "00eeffc0-3412-bc4a-8def-001122334455" };
  expect(await add("https://bmc1")).toMatchObject({ result: { machineId, made: false } });
  fakes.at("https://bmc2").facts = { smbiosUuid: randomUUID() };
  expect(await add("https://bmc2", { joins: machineId })).toMatchObject({
    code: "refused",
    cause: expect.stringContaining("not that machine's"),
  });
});

test("a controller is one machine's only", async () => {
  await using _shepherd = shepherd();
  fakes.at("https://bmc1").facts = { smbiosUuid: randomUUID() };
  await added("https://bmc1");
  fakes.at("https://bmc1").facts = { smbiosUuid: randomUUID() };
  expect(await add("https://bmc1")).toMatchObject({ code: "exists", cause: expect.stringContaining("already") });
});

test("a refused login is tried once, then left for a while; the record says why", async () => {
  await using _shepherd = shepherd();
  const fake = fakes.at("https://bmc1");
  fake.facts = { smbiosUuid: randomUUID() };
  const machineId = await added("https://bmc1");
  fake.broken = "unauthorized";
  const check = () => all.operate(machineId, { kind: "power", command: "status" });
  expect(await check()).toMatchObject({ code: "unauthorized" });
  expect(await check()).toMatchObject({ code: "unauthorized", cause: expect.stringContaining("not asked again for") });
  expect(
    await fleet.rows("SELECT failed_code FROM machine_controller_contact WHERE machine_id = $1", machineId),
  ).toEqual([{ failed_code: "unauthorized" }]);
});

test("power is read by and by; a change is in the tag", async () => {
  await using _shepherd = shepherd();
  const fake = fakes.at("https://bmc1");
  fake.power = "on";
  fake.facts = { smbiosUuid: randomUUID() };
  const machineId = await added("https://bmc1");
  fake.power = "powering-off";
  await fleet.rows("UPDATE machine_controller_contact SET look_at = now()");
  await waitFor("the tag", async () => (await powerOf(fleet.database, machineId))?.power === "powering-off");
});

test("a controller is added to a machine that is named; found by its UUID alone, a machine keeps its controller", async () => {
  const { machineId } = await fleet.add();
  const smbiosUuid = randomUUID();
  fakes.at("https://bmc1").facts = { smbiosUuid };
  fakes.at("https://bmc1").power = "on";
  fakes.at("https://bmc2").facts = { smbiosUuid };
  await using _shepherd = shepherd();
  expect(await add("https://bmc1", { joins: machineId })).toMatchObject({ result: { machineId, made: false } });
  expect(await add("https://bmc2")).toMatchObject({ code: "refused", cause: expect.stringContaining("--machine") });
  expect(await add("https://bmc2", { joins: machineId })).toMatchObject({ result: { machineId } });
});

test("a credential that was replaced opens the controller anew, at once", async () => {
  await using _shepherd = shepherd();
  const fake = fakes.at("https://bmc1");
  fake.facts = { smbiosUuid: randomUUID() };
  fake.power = "on";
  const machineId = await added("https://bmc1");
  fake.broken = "unauthorized";
  await fleet.rows("UPDATE machine_controller_contact SET look_at = now()");
  const failure = async () =>
    (await fleet.rows("SELECT failed_code FROM machine_controller_contact WHERE machine_id = $1", machineId))[0];
  await waitFor("the refusal", async () => (await failure())?.["failed_code"] === "unauthorized");
  fake.broken = undefined;
  await fleet.rows("UPDATE credential SET rotated_at = now(), rotated_by = 'anna'");
  await fleet.rows("UPDATE machine_controller_contact SET look_at = now()");
  await waitFor("the next look", async () => (await failure())?.["failed_code"] === null);
});
