// Operations on power switches, carried out by the shepherd on a real database. The machines are fakes.
import { createHash, randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Fleet, silent, testFleet } from "../../../test/support/fleet.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { type MachineId, requestId } from "../../database/ids.ts";
import { operationClaim } from "../../database/queries/controller/operation-claim.ts";
import { operationAsk, type OperationAsked, operationShow } from "../../database/queries/controller/operation.ts";
import { powerOf } from "../../database/queries/controller/power.ts";
import { sessionStart } from "../../database/session.ts";
import { systemClock } from "../../lib/clock.ts";
import { fakeProvider, type FakeProvider } from "../testing/fake-provider.ts";
import { testShepherd } from "../testing/test-shepherd.ts";

let fleet: Fleet;
let provider: FakeProvider;
beforeEach(async () => {
  fleet = await testFleet();
  provider = fakeProvider("rack");
});
afterEach(async () => await fleet[Symbol.asyncDispose]());

const shepherd = () => testShepherd(fleet, { providers: [provider] });

/** Adds a machine of the provider. It is in quarantine, so that agent start leaves it alone. */
async function known(): Promise<{ machineId: MachineId; providerId: string }> {
  const { machineId, providerId } = await fleet.add({ provider: "rack" });
  provider.machines.set(providerId, { providerId, macs: [] });
  await fleet.rows(
    "INSERT INTO machine_quarantine (machine_id, reason, quarantined_by) VALUES ($1, 'test', 'test')",
    machineId,
  );
  return { machineId, providerId };
}

const ask = (machineId: MachineId, asked: OperationAsked, id = requestId(randomUUID())) =>
  operationAsk(fleet.database, {
    requestId: id,
    bodyDigest: createHash("sha256").update(JSON.stringify(asked)).digest(),
    machineId,
    asked,
    askedBy: "anna",
  });

const ended = (id: Parameters<typeof operationShow>[1]) =>
  waitFor("the operation to end", async () => (await operationShow(fleet.database, id)).ended);

test("power is read and switched; the tag says what was read, when and from whom", async () => {
  const { machineId, providerId } = await known();
  provider.states.set(providerId, "on");
  await using _shepherd = shepherd();
  const status = await ask(machineId, { kind: "power", command: "status" });
  expect(await ended(status.operationId)).toMatchObject({ result: { power: "on", by: "rack" } });
  expect(await powerOf(fleet.database, machineId)).toMatchObject({ power: "on", readFrom: "rack" });
  const off = await ask(machineId, { kind: "power", command: "off" });
  expect(await ended(off.operationId)).toMatchObject({ result: { power: "off" } });
  expect(provider.states.get(providerId)).toBe("off");
  // What was switched is in history, by whom; what was only read is not.
  expect(
    await fleet.rows("SELECT actor, detail FROM history WHERE event = 'power_switched' AND machine_id = $1", machineId),
  ).toEqual([{ actor: "anna", detail: { command: "off", power: "off", by: "rack" } }]);
});

test("what a switch can't do is refused in words", async () => {
  const { machineId } = await known();
  await using _shepherd = shepherd();
  const nmi = await ask(machineId, { kind: "power", command: "nmi" });
  expect(await ended(nmi.operationId)).toMatchObject({
    code: "refused",
    cause: expect.stringContaining('can\'t do "nmi"'),
  });
  const light = await ask(machineId, { kind: "identify", on: true });
  expect(await ended(light.operationId)).toMatchObject({
    code: "refused",
    cause: expect.stringContaining("controller"),
  });
});

test("the same command again is the same operation; another body is refused", async () => {
  const { machineId } = await fleet.add({ provider: "rack" });
  const id = requestId(randomUUID());
  const first = await ask(machineId, { kind: "power", command: "cycle" }, id);
  const again = await ask(machineId, { kind: "power", command: "cycle" }, id);
  expect(again).toEqual(first);
  await expect(ask(machineId, { kind: "power", command: "off" }, id)).rejects.toMatchObject({
    code: "request_id_reused",
  });
});

test("what was sent by a shepherd that is gone is never sent again; what was not is", async () => {
  const { machineId } = await fleet.add({ provider: "rack" });
  const { machineId: other } = await fleet.add({ provider: "rack" });
  const cycle = await ask(machineId, { kind: "power", command: "cycle" });
  const off = await ask(other, { kind: "power", command: "off" });
  const reach = { providers: ["rack"], controllers: true };
  const lost = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  const taken = await operationClaim(fleet.database, lost, reach, 10);
  expect(taken).toHaveLength(2);
  await taken.find(({ operationId }) => operationId === cycle.operationId)?.sending();
  await lost[Symbol.asyncDispose]();

  await using next = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  const again = await operationClaim(fleet.database, next, reach, 10);
  expect(again.map(({ operationId }) => operationId)).toEqual([off.operationId]);
  expect((await operationShow(fleet.database, cycle.operationId)).ended).toMatchObject({ code: "interrupted" });
});

test("of one machine one at a time, in the order in which they were asked", async () => {
  const { machineId } = await fleet.add({ provider: "rack" });
  const first = await ask(machineId, { kind: "power", command: "off" });
  const second = await ask(machineId, { kind: "power", command: "on" });
  const reach = { providers: ["rack"], controllers: true };
  await using session = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  const [one, ...none] = await operationClaim(fleet.database, session, reach, 10);
  expect(one?.operationId).toBe(first.operationId);
  expect(none).toEqual([]);
  expect(await operationClaim(fleet.database, session, reach, 10)).toEqual([]);
  await one?.succeed(() => Promise.resolve({}));
  expect((await operationClaim(fleet.database, session, reach, 10))[0]?.operationId).toBe(second.operationId);
});

test("an operation that no shepherd took in time is not done any more", async () => {
  const { machineId } = await fleet.add({ provider: "rack" });
  const off = await ask(machineId, { kind: "power", command: "off" });
  await fleet.rows("UPDATE controller_operation SET asked_at = now() - interval '3 minutes'");
  await using session = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  expect(await operationClaim(fleet.database, session, { providers: ["rack"], controllers: true }, 10)).toEqual([]);
  expect((await operationShow(fleet.database, off.operationId)).ended).toMatchObject({ code: "expired" });
});

test("a shepherd takes only what it reaches", async () => {
  const { machineId } = await fleet.add({ provider: "rack" });
  await ask(machineId, { kind: "power", command: "off" });
  await using session = await sessionStart(fleet.database, { component: "shepherd", log: silent, clock: systemClock });
  expect(await operationClaim(fleet.database, session, { providers: ["lab"], controllers: true }, 10)).toEqual([]);
});

test("a machine that was installed after the command was asked needs the confirmation when it is carried out", async () => {
  const { machineId, providerId } = await known();
  const off = await ask(machineId, { kind: "power", command: "off", confirmed: false });
  await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machineId);
  provider.states.set(providerId, "on");
  await using _shepherd = shepherd();
  expect(await ended(off.operationId)).toMatchObject({ code: "refused", cause: expect.stringContaining("--yes") });
  expect(provider.switched).toEqual([]);
  const confirmed = await ask(machineId, { kind: "power", command: "off", confirmed: true });
  expect(await ended(confirmed.operationId)).toMatchObject({ result: { power: "off" } });
  // What stops nothing needs none.
  const on = await ask(machineId, { kind: "power", command: "on", confirmed: false });
  expect(await ended(on.operationId)).toMatchObject({ result: { power: "on" } });
});

test.each(["off", "soft-off", "cycle", "reset", "nmi"] as const)(
  "%s while an image is written needs a confirmation, and none after the run has ended",
  async (command) => {
    const { machineId, providerId } = await known();
    provider.states.set(providerId, "on");
    await fleet.rows(
      `INSERT INTO machine_os_installation_writer (machine_id, generation, run, agent_public_key)
       VALUES ($1, 1, '\\x01', '\\x02')`,
      machineId,
    );
    await using _shepherd = shepherd();
    const asked = await ask(machineId, { kind: "power", command });
    expect(await ended(asked.operationId)).toMatchObject({
      code: "refused",
      cause: expect.stringContaining("half-written"),
    });
    expect(provider.switched).toEqual([]);
    await fleet.rows("UPDATE machine_os_installation_writer SET ended_at = now()");
    const again = await ask(machineId, { kind: "power", command });
    const end = await ended(again.operationId);
    expect(JSON.stringify(end)).not.toContain("half-written");
  },
);
