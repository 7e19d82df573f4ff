import { createHash, randomBytes, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { BootWindowState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { silent } from "../../../test/support/fleet.ts";
import { agentKey, machineId, type AgentKey } from "../../database/ids.ts";
import { agentRefusedWrite } from "../../database/queries/agent/agent-refused.ts";
import { agentEnroll, type EnrollmentOutcome } from "../../database/queries/enrollment/enrollment.ts";
import { netbootFacts } from "../../database/queries/boot/netboot.ts";
import { historyList } from "../../database/history.ts";
import { sessionStart, type Session } from "../../database/session.ts";
import { systemClock } from "../../lib/clock.ts";
import { operatorFixture } from "../testing/operator-fixture.ts";

const { dependencies, clients } = await operatorFixture();
let session: Session;
beforeAll(async () => {
  session = await sessionStart(dependencies.database, { component: "server", log: silent, clock: systemClock });
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
});
beforeEach(() => dependencies.database.pool.query("DELETE FROM enrollment_claim"));

let counted = 0;
const id = () => ({ requestId: randomUUID() });
const mac = (): string => `52:54${randomBytes(4).toString("hex").replaceAll(/../gu, ":$&")}`;

async function add(identity: { smbiosUuid?: string; macs?: string[] } = {}): Promise<{ id: string; name: string }> {
  counted += 1;
  const name = `box${counted}`;
  const { machine } = await clients.machines.machineAdd({
    ...id(),
    provider: "static",
    providerId: name,
    name,
    ...identity,
  });
  return { id: machine?.id ?? "", name };
}

const hardware = Buffer.from(
  toBinary(
    AgentHardwareReportSchema,
    create(AgentHardwareReportSchema, { report: { manufacturer: "Acme", product: "A1", serialNumber: "S9" } as never }),
  ),
);

/** An agent asks to enrol. */
async function ask(
  identity: { smbiosUuid?: string; macs?: string[] } = {},
  key: AgentKey = agentKey(randomBytes(32)),
): Promise<{ key: string; agent: AgentKey; outcome: EnrollmentOutcome }> {
  const outcome = await agentEnroll(dependencies.database, session, {
    publicKey: key,
    identity: { macs: [], ...identity },
    address: "192.0.2.9",
    hardware: { raw: hardware, fingerprint: createHash("sha256").update(hardware).digest() },
  });
  return { key: Buffer.from(key).toString("hex"), agent: key, outcome };
}

const eventsOf = async (machine: string): Promise<string[]> =>
  (await historyList(dependencies.database, machineId(machine), { limit: 100 })).map(({ event }) => event);
const explain = async (machine: string): Promise<string> =>
  (await clients.machines.machineExplain({ machine })).lines.join("\n");

describe("what a machine is known by", () => {
  test("is given when it is added, shown, and changed", async () => {
    const [uuid, one, two] = [randomUUID(), mac(), mac()];
    const machine = await add({ smbiosUuid: uuid.toUpperCase(), macs: [one.toUpperCase().replaceAll(":", "-"), one] });
    const show = async () => (await clients.machines.machineShow({ machine: machine.id })).machine;
    expect(await show()).toMatchObject({ smbiosUuid: uuid, macs: [one] });
    await clients.machines.machineUpdate({
      ...id(),
      machine: machine.id,
      smbiosUuid: "",
      addMacs: [two],
      removeMacs: [one],
    });
    expect(await show()).toMatchObject({ smbiosUuid: "", macs: [two] });
    await clients.machines.machineUpdate({ ...id(), machine: machine.id, name: `${machine.name}-x` });
    expect(await show()).toMatchObject({ macs: [two] });
  });

  test("is one machine's only", async () => {
    const [uuid, address] = [randomUUID(), mac()];
    const first = await add({ smbiosUuid: uuid, macs: [address] });
    await expect(add({ smbiosUuid: uuid })).rejects.toMatchObject({
      code: Code.AlreadyExists,
      rawMessage: expect.stringContaining(`is machine ${first.name}'s: leave it out where a maker gave two`) as string,
    });
    const second = await add();
    await expect(
      clients.machines.machineUpdate({ ...id(), machine: second.id, addMacs: [address] }),
    ).rejects.toMatchObject({ code: Code.AlreadyExists });
  });

  test.for([
    [{ smbiosUuid: "nonsense" }, /smbios_uuid: expected a board's UUID/u],
    [
      { smbiosUuid: "03000200-0400-0500-0006-000700080009" },
      /smbios_uuid: is a UUID that makers write on many boards/u,
    ],
    [{ macs: ["52:54:00:12:34"] }, /macs\.0: expected an interface's MAC/u],
    [{ macs: ["ff:ff:ff:ff:ff:ff"] }, /macs\.0: expected an interface's MAC/u],
  ] as const)("is refused where it is none: %s", async ([identity, message]) => {
    await expect(add(identity as Parameters<typeof add>[0])).rejects.toThrow(message);
  });
});

describe("a boot window", () => {
  test("is opened, shown and explained, and closed; each command once", async () => {
    const machine = await add({ macs: [mac()] });
    const request = { ...id(), machine: machine.id, seconds: 300 };
    const first = await clients.enrollments.bootWindowOpen(request);
    expect(await clients.enrollments.bootWindowOpen(request)).toEqual(first);
    const { machine: shown } = await clients.machines.machineShow({ machine: machine.id });
    expect(shown?.bootWindow).toMatchObject({ id: first.windowId, state: BootWindowState.OPEN, openedBy: "token" });
    expect(await explain(machine.id)).toContain("waiting for it to boot from the network");
    await clients.enrollments.bootWindowClose({ ...id(), machine: machine.id });
    await expect(clients.enrollments.bootWindowClose({ ...id(), machine: machine.id })).rejects.toMatchObject({
      code: Code.FailedPrecondition,
    });
    expect(await eventsOf(machine.id)).toEqual(["boot_window_closed", "boot_window_opened", "machine_added"]);
  });

  test("is refused for a machine that no boot could be known to be, and leaves nothing", async () => {
    const machine = await add();
    await expect(clients.enrollments.bootWindowOpen({ ...id(), machine: machine.id })).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: expect.stringMatching(/give one first, `farrier machine update \S+ --help` says how/u) as string,
    });
    expect(await eventsOf(machine.id)).toEqual(["machine_added"]);
  });

  test("is refused in quarantine", async () => {
    const machine = await add({ macs: [mac()] });
    await clients.machines.machineQuarantine({ ...id(), machine: machine.id, reason: "broken" });
    await expect(clients.enrollments.bootWindowOpen({ ...id(), machine: machine.id })).rejects.toMatchObject({
      code: Code.FailedPrecondition,
    });
  });
});

describe("an agent that waits for approval", () => {
  test("is listed with what it is, approved as a new machine, and let in when it asks again", async () => {
    const identity = { smbiosUuid: randomUUID(), macs: [mac()] };
    const { key, agent } = await ask(identity);
    const { enrollments } = await clients.enrollments.enrollmentList({});
    expect(enrollments).toMatchObject([
      { key, ...identity, address: "192.0.2.9", machineId: "", related: [], manufacturer: "Acme", serialNumber: "S9" },
    ]);
    const request = { ...id(), key: key.slice(0, 16).toUpperCase(), name: "fresh", labels: { rack: "7" } };
    const { machine } = await clients.enrollments.enrollmentApprove(request);
    expect(machine).toMatchObject({ name: "fresh", labels: { rack: "7" }, ...identity });
    expect(machine?.hardwareReportedAt).toBeDefined();
    expect((await clients.enrollments.enrollmentApprove(request)).machine?.id).toBe(machine?.id);
    expect((await ask({}, agent)).outcome).toMatchObject({ status: "accepted", machineId: machine?.id });
    expect((await clients.enrollments.enrollmentList({})).enrollments).toEqual([]);
    expect(await eventsOf(machine?.id ?? "")).toEqual(["hardware_reported", "agent_enrolled", "machine_added"]);
  });

  test("is approved as a machine that is known, in the place of its agent only where that is said", async () => {
    const [address, another] = [mac(), mac()];
    const machine = await add({ macs: [address] });
    await clients.agents.agentRegister({ ...id(), machine: machine.id, publicKey: randomBytes(32) });
    const { key, agent } = await ask({ smbiosUuid: randomUUID(), macs: [address, another] });
    expect((await clients.enrollments.enrollmentList({})).enrollments).toMatchObject([
      { key, machineId: machine.id, machineName: machine.name },
    ]);
    expect(await explain(machine.id)).toContain(
      `farrier enrollment approve ${key.slice(0, 16)} --machine ${machine.name}`,
    );
    const approve = (replace: boolean) =>
      clients.enrollments.enrollmentApprove({ ...id(), key, machine: machine.name, replace });
    await expect(approve(false)).rejects.toMatchObject({ code: Code.FailedPrecondition });
    const approved = await approve(true);
    expect(approved.machine?.macs.toSorted()).toEqual([address, another].toSorted());
    expect(Buffer.from(approved.machine?.agent?.publicKey ?? []).toString("hex")).toBe(key);
    expect((await ask({}, agent)).outcome).toMatchObject({ status: "accepted", machineId: machine.id });
  });

  test("of two boards with one UUID the second is told from the first, and becomes a machine of its own", async () => {
    const [uuid, one, two] = [randomUUID(), mac(), mac()];
    const machine = await add({ smbiosUuid: uuid, macs: [one] });
    const { key } = await ask({ smbiosUuid: uuid, macs: [two] });
    expect((await clients.enrollments.enrollmentList({})).enrollments).toMatchObject([
      { machineId: "", related: [{ id: machine.id, name: machine.name }] },
    ]);
    expect(await explain(machine.id)).toContain("another board with the same UUID");
    const { machine: twin } = await clients.enrollments.enrollmentApprove({
      ...id(),
      key,
      name: `${machine.name}-twin`,
    });
    expect(twin).toMatchObject({ smbiosUuid: "", macs: [two] });
    expect((await ask({ smbiosUuid: uuid, macs: [two] })).outcome).toMatchObject({ status: "awaiting" });
    expect((await clients.enrollments.enrollmentList({})).enrollments).toMatchObject([{ machineId: twin?.id }]);
  });

  test("N1: of two servers with one MAC of a controller's USB port both are let in, and it identifies neither", async () => {
    const usb = "be:3a:f2:b6:05:9f";
    const [first, second] = [randomUUID(), randomUUID()].map((smbiosUuid) => ({ smbiosUuid, macs: [mac(), usb] }));
    const approve = async (identity: typeof first): Promise<string> => {
      const { key } = await ask(identity);
      counted += 1;
      const { machine } = await clients.enrollments.enrollmentApprove({ ...id(), key, name: `box${counted}` });
      return machine?.id ?? "";
    };
    const one = await approve(first);
    // While the second asks, it is not proposed as the first.
    const { key: waiting } = await ask(second);
    expect(await explain(one)).not.toContain(`farrier enrollment approve ${waiting.slice(0, 16)} --machine`);
    const two = await approve(second);
    const known = (identity: { smbiosUuid?: string; macs: string[] }) => netbootFacts(dependencies.database, identity);
    expect((await known(first ?? { macs: [] }))?.machineId).toBe(one);
    expect((await known(second ?? { macs: [] }))?.machineId).toBe(two);
    expect((await known({ macs: [first?.macs[0] ?? "", usb] }))?.machineId).toBe(one);
    expect((await known({ macs: [second?.macs[0] ?? "", usb] }))?.machineId).toBe(two);
    expect(await known({ macs: [usb] })).toBeUndefined();
    // A third one is related to neither by it.
    await ask({ smbiosUuid: randomUUID(), macs: [mac(), usb] });
    const { enrollments } = await clients.enrollments.enrollmentList({});
    expect(enrollments.at(-1)).toMatchObject({ machineId: "", related: [] });
  });

  test("N1: a MAC that another server has too does not keep one out that is known by something else", async () => {
    const shared = "0c:42:a1:00:00:01";
    const machine = await add({ macs: [shared, mac()] });
    const own = mac();
    const { key } = await ask({ macs: [own, shared] });
    const { machine: other } = await clients.enrollments.enrollmentApprove({ ...id(), key, name: `${machine.name}-b` });
    expect(other?.macs).toEqual([own]);
    expect(await netbootFacts(dependencies.database, { macs: [shared] })).toBeUndefined();
  });

  test("N6: the machine's own UUID in another byte order is said, and approving writes it as the firmware has it", async () => {
    const [machineUuid, firmwareUuid] = [
      "4c4c4544-0042-3010-8054-b7c04f4e3232",
      "44454c4c-4200-1030-8054-b7c04f4e3232",
    ];
    const address = mac();
    const machine = await add({ smbiosUuid: machineUuid, macs: [address] });
    const { key } = await ask({ smbiosUuid: firmwareUuid, macs: [address] });
    const text = await explain(machine.id);
    expect(text).toContain("this machine's SMBIOS UUID in another byte order");
    expect(text).toContain(`farrier enrollment approve ${key.slice(0, 16)} --machine ${machine.name}`);
    expect(text).not.toContain("--name NAME");
    const approved = await clients.enrollments.enrollmentApprove({ ...id(), key, machine: machine.name });
    expect(approved.machine).toMatchObject({ smbiosUuid: firmwareUuid, macs: [address] });
  });

  test("N8: while the machine is in quarantine it has to be released first, and that is what is said", async () => {
    const address = mac();
    const machine = await add({ macs: [address] });
    const { key } = await ask({ macs: [address] });
    await clients.machines.machineQuarantine({ ...id(), machine: machine.id, reason: "broken" });
    const text = await explain(machine.id);
    expect(text).toContain(`release it first: \`farrier machine release ${machine.name}\``);
    expect(text).not.toContain("enrollment approve");
    await clients.machines.machineRelease({ ...id(), machine: machine.id });
    expect(await explain(machine.id)).toContain(`enrollment approve ${key.slice(0, 16)} --machine ${machine.name}`);
  });

  test("with another machine's MAC is no new machine, and nothing is half-done", async () => {
    const address = mac();
    const machine = await add({ macs: [address] });
    const { key } = await ask({ macs: [address] });
    await expect(clients.enrollments.enrollmentApprove({ ...id(), key })).rejects.toMatchObject({
      code: Code.AlreadyExists,
      rawMessage: expect.stringContaining(`the MAC ${address} is machine ${machine.name}'s`) as string,
    });
    expect((await clients.enrollments.enrollmentList({})).enrollments).toHaveLength(1);
  });

  test("that is rejected goes on asking, and is no longer listed unless the call requests it", async () => {
    const { key, agent } = await ask();
    const request = { ...id(), key: key.slice(0, 20) };
    expect(await clients.enrollments.enrollmentReject(request)).toMatchObject({ key });
    expect((await ask({}, agent)).outcome).toEqual({ status: "awaiting", claim: "known" });
    expect((await clients.enrollments.enrollmentList({})).enrollments).toEqual([]);
    const { enrollments } = await clients.enrollments.enrollmentList({ includeRejected: true });
    expect(enrollments).toMatchObject([{ key, rejectedBy: "token" }]);
    await clients.enrollments.enrollmentApprove({ ...id(), key });
    // Its repetition is answered as it was, though there is nothing to reject any more.
    expect(await clients.enrollments.enrollmentReject(request)).toMatchObject({ key });
    await expect(clients.enrollments.enrollmentReject({ ...id(), key })).rejects.toMatchObject({ code: Code.NotFound });
  });

  test.for([
    [{ key: "short" }, Code.InvalidArgument],
    [{ key: "ff".repeat(32) }, Code.NotFound],
    [{ key: "ff".repeat(32), machine: "box1", name: "another" }, Code.InvalidArgument],
  ] as const)("that is not there, or named amiss: %s", async ([request, code]) => {
    await expect(clients.enrollments.enrollmentApprove({ ...id(), ...request })).rejects.toMatchObject({ code });
  });

  test("whose key begins as another's has to be named by more of it", async () => {
    const start = randomBytes(8);
    const keys = [1, 2].map((last) => agentKey(Buffer.concat([start, Buffer.alloc(24, last)])));
    for (const key of keys) {
      await ask({}, key);
    }
    await expect(clients.enrollments.enrollmentApprove({ ...id(), key: start.toString("hex") })).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: expect.stringContaining("give more") as string,
    });
  });
});

test("open boot windows are listed until they close or an agent has enrolled", async () => {
  const [later, sooner] = [await add({ macs: [mac()] }), await add({ macs: [mac()] })];
  await clients.enrollments.bootWindowOpen({ ...id(), machine: later.id, seconds: 600 });
  await clients.enrollments.bootWindowOpen({ ...id(), machine: sooner.id, seconds: 60 });
  const listed = async () =>
    (await clients.enrollments.enrollmentList({})).bootWindows.filter(({ machineId: one }) =>
      [later.id, sooner.id].includes(one),
    );
  expect((await listed()).map(({ machineName }) => machineName)).toEqual([sooner.name, later.name]);
  expect((await listed())[0]?.window).toMatchObject({ state: BootWindowState.OPEN, openedBy: "token" });
  await clients.enrollments.bootWindowClose({ ...id(), machine: sooner.id });
  expect((await listed()).map(({ machineName }) => machineName)).toEqual([later.name]);
  await clients.enrollments.bootWindowClose({ ...id(), machine: later.id });
  expect(await listed()).toEqual([]);
});

test("a second claimant is named by explain, with what to do", async () => {
  const address = mac();
  const machine = await add({ macs: [address] });
  await clients.enrollments.bootWindowOpen({ ...id(), machine: machine.id });
  const token = createHash("sha256").update("a token").digest();
  await dependencies.database.pool.query(
    "UPDATE machine_boot_window SET token_digest = $2, given_at = now() WHERE machine_id = $1",
    [machine.id, token],
  );
  const present = (publicKey: AgentKey) =>
    agentEnroll(dependencies.database, session, {
      publicKey,
      identity: { macs: [address] },
      address: "192.0.2.9",
      tokenDigest: token,
    });
  expect(await present(agentKey(randomBytes(32)))).toMatchObject({ status: "accepted" });
  const second = agentKey(randomBytes(32));
  expect(await present(second)).toMatchObject({ status: "awaiting", secondClaimantOf: machine.id });
  const told = await explain(machine.id);
  const key = Buffer.from(second).toString("hex").slice(0, 16);
  const { secondClaimants, bootWindows, at } = await clients.enrollments.enrollmentList({});
  expect(secondClaimants).toMatchObject([
    {
      machineId: machine.id,
      machineName: machine.name,
      otherKey: key,
      otherAddress: "192.0.2.9",
      enrolledKey: expect.stringMatching(/^[0-9a-f]{16}$/u) as string,
      enrolledAddress: "192.0.2.9",
    },
  ]);
  expect(bootWindows.filter(({ machineId: one }) => one === machine.id)).toEqual([]);
  expect(at).toBeDefined();
  expect(told).toContain(`a second claimant: key ${key} (from 192.0.2.9) claimed this machine`);
  expect(told).toContain(`farrier machine boot-window ${machine.name}`);
});

test("X6: refused callers: an existing machine's explanation shows them, the list shows those that name an unknown machine", async () => {
  const machine = await add();
  const [there, nowhere] = [machineId(machine.id), machineId(randomUUID())];
  const refusals = [there, nowhere].map((named) => ({
    ...{ machineId: named, publicKey: agentKey(randomBytes(32)), address: "192.0.2.77", count: 12, ago: 0 },
  }));
  await agentRefusedWrite(dependencies.database, session, refusals);
  const keys = refusals.map(({ publicKey }) => Buffer.from(publicKey).toString("hex"));
  expect(await explain(machine.id)).toContain(
    `a caller with key ${keys[0]?.slice(0, 16)} from 192.0.2.77 has been refused for`,
  );
  const { refused } = await clients.enrollments.enrollmentList({});
  expect(refused).toMatchObject([{ key: keys[1], machineId: nowhere, address: "192.0.2.77", count: 12n }]);
});
