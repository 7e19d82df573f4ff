// Power and health read at the slow pace, on a real database. The controllers are fakes.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Fleet, silent, testFleet } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { credentialId, type MachineId } from "../database/ids.ts";
import { healthOf } from "../database/queries/controller/health.ts";
import { type DueLook, looksTake } from "../database/queries/controller/look.ts";
import { powerOf } from "../database/queries/controller/power.ts";
import { machineShow } from "../database/queries/machine/machine-show.ts";
import { systemClock } from "../lib/clock.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { controllerLook } from "./controller-look.ts";
import { controllerLooks } from "./controller-looks.ts";
import { type Controllers, controllersOf } from "./controllers.ts";
import { type FakeController, type FakeControllers, fakeControllers } from "./testing/fake-controller.ts";

let fleet: Fleet;
let fakes: FakeControllers;
let controllers: Controllers;
const credential = credentialId("00000000-0000-4000-8000-000000000001");
const pace = { seconds: 60, maximum: 1800, health: 600 };
const live = new AbortController().signal;

beforeEach(async () => {
  fleet = await testFleet();
  fakes = fakeControllers();
  controllers = another();
  await fleet.rows(
    `INSERT INTO credential (credential_id, credential_name, kind, user_name, sealed_secret, allowed, created_by)
     VALUES ($1, 'rack', 'bmc', 'admin', $2, '{0.0.0.0/0}', 'test')`,
    credential,
    Buffer.concat([Buffer.from([0, 0x66, 0x72, 0x73, 1]), Buffer.alloc(60)]),
  );
});
afterEach(async () => {
  await controllers[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

/** The controllers of one shepherd. */
function another(): Controllers {
  return controllersOf(fleet.database, { open: fakes.access.open, clock: systemClock });
}

/** A machine with a controller that is due to be read. */
async function machine(url: string): Promise<{ machineId: MachineId; fake: FakeController }> {
  const { machineId } = await fleet.add();
  await fleet.rows(
    `INSERT INTO machine_controller (machine_id, protocol, url, system, credential_id, trusted_by, power_commands,
       boot_targets, virtual_media, may_control, rules, set_by)
     VALUES ($1, 'redfish', $2, '1', $3, 'system', '{}', '{}', false, true, '{}', 'test')`,
    machineId,
    url,
    credential,
  );
  await fleet.rows("INSERT INTO machine_controller_contact (machine_id) VALUES ($1)", machineId);
  return { machineId, fake: fakes.at(url) };
}

/** Makes every controller due, for its health too where `health` says so, and reads all. */
async function look({ health = true, by = controllers } = {}): Promise<void> {
  await fleet.rows("UPDATE machine_controller_contact SET look_at = now()");
  if (health) {
    await fleet.rows("UPDATE machine_health SET tried_at = now() - interval '1 hour'");
  }
  const metrics = createMetrics();
  const options = { database: fleet.database, controllers: by, log: silent, metrics, signal: live };
  const due = await looksTake(fleet.database, pace, 1000);
  await Promise.all(due.map((one) => controllerLook(one, options)));
}

const changes = async (machineId: MachineId) =>
  fleet.rows(
    "SELECT detail FROM history WHERE machine_id = $1 AND event = 'health_changed' ORDER BY at, id",
    machineId,
  );
const failureOf = async (machineId: MachineId) =>
  (await machineShow(fleet.database, machineId)).controller?.failure?.code;

test("power and health are read, with the time; health is read less often", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  const at = new Date("2026-11-01T00:00:00Z");
  fake.power = "on";
  fake.health = {
    rollup: "critical",
    failed: ["Fan 3: critical"],
    inletCelsius: 24.5,
    events: [{ at, severity: "critical", text: "Fan 3 failed." }],
    unread: ["drives"],
  };
  await look();
  expect(await powerOf(fleet.database, machineId)).toMatchObject({ power: "on", readFrom: "controller" });
  const health = await healthOf(fleet.database, machineId);
  expect(health).toEqual({ ...fake.health, since: expect.any(Date), readAt: expect.any(Date) });
  expect((await machineShow(fleet.database, machineId)).health).toEqual({ ...health, events: [] });
  const { calls } = fake;
  await look({ health: false });
  expect(fake.calls).toBe(calls + 1);
  await look();
  expect(fake.calls).toBe(calls + 3);
});

test("history has changes of the rollup alone; what is not known for a while is no change", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  const rollups = ["ok", "ok", "unknown", "ok", "warning", "warning", "unknown", "critical", "ok"] as const;
  for (const rollup of rollups) {
    fake.health = { rollup, failed: rollup === "ok" ? [] : [`Fan 1: ${rollup}`] };
    await look();
  }
  expect(await changes(machineId)).toEqual([
    { detail: { from: "ok", to: "warning", failed: ["Fan 1: warning"] } },
    { detail: { from: "warning", to: "critical", failed: ["Fan 1: critical"] } },
    { detail: { from: "critical", to: "ok", failed: [] } },
  ]);
});

test("a machine that is unhealthy from the first reading on is in history; since says how long it has been so", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  fake.health = { rollup: "warning", failed: ["Power supply 2: warning"] };
  await look();
  const first = await healthOf(fleet.database, machineId);
  await look();
  expect(await changes(machineId)).toHaveLength(1);
  expect((await healthOf(fleet.database, machineId))?.since).toEqual(first?.since);
});

test("health that can't be read does not make the controller a failing one: what was read stays, with the reason", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  fake.health = { rollup: "ok" };
  await look();
  const before = await healthOf(fleet.database, machineId);
  fake.healthBroken = "unreachable";
  await look();
  expect(await healthOf(fleet.database, machineId)).toEqual({
    ...before,
    problem: { at: expect.any(Date), cause: expect.stringContaining("broken: unreachable") },
  });
  expect(await failureOf(machineId)).toBeUndefined();
  fake.healthBroken = undefined;
  await look();
  expect(await healthOf(fleet.database, machineId)).not.toHaveProperty("problem");
});

test("a reading is counted by what was read: a login that is refused while the health is read is no failed reading of the power", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  fake.healthBroken = "unauthorized";
  const metrics = createMetrics();
  const [due] = await looksTake(fleet.database, pace, 1);
  expect(due?.record.machineId).toBe(machineId);
  await controllerLook(due as DueLook, { database: fleet.database, controllers, log: silent, metrics, signal: live });
  const { values } = await metrics.controllerReads.get();
  expect(values.map(({ labels: { what, outcome }, value }) => [what, outcome, value])).toEqual([
    ["power", "ok", 1],
    ["health", "failed", 1],
  ]);
  expect(await failureOf(machineId)).toBe("unauthorized");
});

test("of a machine whose health could never be read it is said that it is not known", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  fake.healthBroken = "unsupported";
  await look();
  const health = await healthOf(fleet.database, machineId);
  expect(health).toMatchObject({ rollup: "unknown", problem: { cause: expect.stringContaining("unsupported") } });
  expect(health).not.toHaveProperty("readAt");
});

test("a login that one shepherd saw refused is not tried by another, until it is changed or an operator insists", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  fake.broken = "unauthorized";
  await look();
  expect(fake.calls).toBe(1);
  expect(await failureOf(machineId)).toBe("unauthorized");

  await using other = another();
  await look({ by: other });
  const read = (how = {}) => other.use(machineId, (controller) => controller.powerGet(live), how);
  await expect(read()).rejects.toMatchObject({
    code: "unauthorized",
    message: expect.stringMatching(/not asked again for (?:29\d|300) s/u),
  });
  expect(fake.calls).toBe(1);
  // As `farrier bmc check` does. The next pause is longer.
  await expect(read({ insist: true })).rejects.toMatchObject({ code: "unauthorized" });
  expect(fake.calls).toBe(2);
  await expect(read()).rejects.toMatchObject({ message: expect.stringMatching(/not asked again for (?:59\d|600) s/u) });

  fake.broken = undefined;
  await fleet.rows("UPDATE credential SET rotated_at = now(), rotated_by = 'anna'");
  await look();
  expect(fake.calls).toBeGreaterThan(2);
  expect(await failureOf(machineId)).toBeUndefined();
  expect(await fleet.rows("SELECT FROM machine_controller_refusal")).toEqual([]);
});

test("a refused login is tried again after its time, with longer pauses up to four hours", async () => {
  const { fake } = await machine("https://bmc1");
  fake.broken = "unauthorized";
  const pauses = [];
  for (let times = 0; times < 9; times += 1) {
    await fleet.rows("UPDATE machine_controller_refusal SET not_before = now()");
    await look();
    const [row] = await fleet.rows(
      "SELECT extract(epoch FROM not_before - refused_at)::int AS pause FROM machine_controller_refusal",
    );
    pauses.push(row?.["pause"]);
  }
  expect(fake.calls).toBe(9);
  expect(pauses).toEqual([300, 600, 1200, 2400, 4800, 9600, 14_400, 14_400, 14_400]);
});

test("of many controllers few keep their sessions; all are ended at the end", async () => {
  const all = await Promise.all(Array.from({ length: 100 }, (_, index) => machine(`https://bmc${index}`)));
  const sessions = (): number => all.filter(({ fake }) => fake.session).length;
  await look();
  expect(sessions()).toBe(64);
  await look();
  expect(sessions()).toBe(64);
  // Each client is made once: it knows its way through its controller.
  expect(all.map(({ fake }) => fake.opened)).toEqual(all.map(() => 1));
  await controllers[Symbol.asyncDispose]();
  expect(sessions()).toBe(0);
});

test("a session that is being ended after a failure is waited for at the end", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  const ending = Promise.withResolvers<void>();
  fake.ending = ending.promise;
  const read = () => controllers.use(machineId, (controller) => controller.powerGet(live));
  await read();
  fake.broken = "unreachable";
  await expect(read()).rejects.toMatchObject({ code: "unreachable" });
  const ended = controllers[Symbol.asyncDispose]().then(() => fake.session);
  ending.resolve();
  expect(await ended).toBe(false);
});

test("a failing controller is read less and less often", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  fake.broken = "unreachable";
  await look();
  const pause = async (failing: string): Promise<number> => {
    await fleet.rows(
      `UPDATE machine_controller_contact SET look_at = now(), failed_at = now() - interval '${failing}'`,
    );
    await looksTake(fleet.database, pace, 10);
    const [row] = await fleet.rows(
      "SELECT extract(epoch FROM look_at - now())::int AS pause FROM machine_controller_contact WHERE machine_id = $1",
      machineId,
    );
    return Number(row?.["pause"]);
  };
  expect(await pause("10 seconds")).toBeLessThanOrEqual(66);
  expect(await pause("10 minutes")).toBeGreaterThanOrEqual(530);
  expect(await pause("10 days")).toBeLessThanOrEqual(1980);
});

test("the loop reads what is due, and stops", async () => {
  const { machineId, fake } = await machine("https://bmc1");
  fake.power = "powering-on";
  const stop = new AbortController();
  const options = { database: fleet.database, controllers, log: silent, clock: systemClock, signal: stop.signal };
  const loop = controllerLooks({ ...options, metrics: createMetrics(), interval: 10 });
  await waitFor("the tags", async () => (await healthOf(fleet.database, machineId))?.rollup === "ok");
  stop.abort();
  await loop;
  expect((await powerOf(fleet.database, machineId))?.power).toBe("powering-on");
});
