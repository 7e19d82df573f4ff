// Agent start by controllers, through the shepherd on a real database. The controllers are fakes.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Fleet, silent, testFleet } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { agentKey, credentialId, machineId as toMachineId, type MachineId, requestId } from "../database/ids.ts";
import { startAllow } from "../database/queries/agent/start-allowed.ts";
import { bootTokenGive } from "../database/queries/boot/boot-token.ts";
import { agentEnroll } from "../database/queries/enrollment/enrollment.ts";
import { operationAsk, operationShow, type TrustAsked } from "../database/queries/controller/operation.ts";
import { powerOf } from "../database/queries/controller/power.ts";
import { type Session, sessionStart } from "../database/session.ts";
import { transact } from "../database/transaction.ts";
import { systemClock } from "../lib/clock.ts";
import { type FakeControllers, fakeControllers, fakeFingerprint } from "./testing/fake-controller.ts";
import { testShepherd } from "./testing/test-shepherd.ts";

let fleet: Fleet;
let server: Session;
let fakes: FakeControllers;
const credential = credentialId("00000000-0000-4000-8000-000000000001");
beforeEach(async () => {
  fleet = await testFleet();
  server = await sessionStart(fleet.database, { component: "server", log: silent, clock: systemClock });
  fakes = fakeControllers();
  await fleet.rows(
    `INSERT INTO credential (credential_id, credential_name, kind, user_name, sealed_secret, allowed, created_by)
     VALUES ($1, 'rack', 'bmc', 'admin', $2, '{0.0.0.0/0}', 'test')`,
    credential,
    Buffer.concat([Buffer.from([0, 0x66, 0x72, 0x73, 1]), Buffer.alloc(60)]),
  );
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

const shepherd = () => testShepherd(fleet, { controllers: fakes.access });

/** Adds a controller as an operator does, and waits for the result. */
async function add(
  url: string,
  { trust = { by: "accept-new" }, joins }: { trust?: TrustAsked; joins?: MachineId } = {},
): Promise<Record<string, unknown>> {
  const id = requestId(randomUUID());
  await operationAsk(fleet.database, {
    requestId: id,
    bodyDigest: createHash("sha256").update(url).digest(),
    askedBy: "anna",
    ...(joins === undefined ? {} : { machineId: joins }),
    asked: {
      ...{ kind: "add", protocol: "redfish", url, credentialId: credential, trust, startAgent: false },
      machineId: toMachineId(randomUUID()),
      ...(joins === undefined ? {} : { joins }),
    },
  });
  const ended = await waitFor(
    "the operation to end",
    async () => (await operationShow(fleet.database, id as never)).ended,
  );
  return { ...ended };
}

async function added(url: string, options?: Parameters<typeof add>[1]): Promise<MachineId> {
  const { result } = (await add(url, options)) as { result: { machineId: string } };
  return toMachineId(result.machineId);
}

/** Does what the machine's firmware and then its agent do after power-on. */
async function bootAndEnroll(identity: { smbiosUuid: string; macs: string[] }): Promise<void> {
  const token = createHash("sha256").update(randomBytes(32)).digest();
  const actor = { kind: "component", name: "netboot" } as const;
  await waitFor("the boot token", () =>
    bootTokenGive(fleet.database, { identity, tokenDigest: token, actor, address: "" }),
  );
  await agentEnroll(fleet.database, server, {
    publicKey: agentKey(randomBytes(32)),
    identity,
    address: "192.0.2.9",
    tokenDigest: token,
  });
}

test("a machine that is off: into the network by its controller; the override is taken back when its agent has enrolled", async () => {
  const smbiosUuid = randomUUID();
  const fake = fakes.at("https://bmc1");
  fake.facts = { smbiosUuid, macs: ["52:54:00:00:00:01"], maker: "Acme" };
  await using _shepherd = shepherd();
  const machineId = await added("https://bmc1");
  await waitFor("power", async () => fake.done.includes("power on"));
  await bootAndEnroll({ smbiosUuid, macs: ["52:54:00:00:00:01"] });
  await waitFor("the end of the start", async () => (await fleet.history({ machineId })).includes("work_finished"));
  expect(fake.done).toEqual(["boot network once", "power on", "clear"]);
});

test("nothing that runs is stopped unasked: forty running machines lead to not one power call", async () => {
  const urls = Array.from({ length: 40 }, (_, index) => `https://bmc${index}`);
  urls.forEach((url, index) => {
    fakes.at(url).power = "on";
    fakes.at(url).facts = { smbiosUuid: randomUUID(), macs: [`52:54:00:00:01:${index.toString(16).padStart(2, "0")}`] };
  });
  const first = fakes.at("https://bmc0");
  {
    await using _shepherd = shepherd();
    const [machineId] = await Promise.all(urls.map((url) => added(url)));
    // Once a search for work has run with all machines known, the machine that may be started has been started, and no
    // other.
    await transact(fleet.database, null, (tx) =>
      startAllow(tx, machineId ?? toMachineId(""), { kind: "operator", name: "anna" }),
    );
    await waitFor("the allowed start", async () => first.done.includes("power on"));
  }
  expect(urls.slice(1).flatMap((url) => fakes.at(url).done)).toEqual([]);
});

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
  const check = async () => {
    const id = requestId(randomUUID());
    await operationAsk(fleet.database, {
      requestId: id,
      bodyDigest: Buffer.alloc(32),
      machineId,
      askedBy: "anna",
      asked: { kind: "power", command: "status" },
    });
    return waitFor("the operation to end", async () => (await operationShow(fleet.database, id as never)).ended);
  };
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
