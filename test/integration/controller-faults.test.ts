// What a faulty controller comes to: a state that `explain` names, with what to do; and no secret goes anywhere.
import { afterEach, beforeEach, expect, test } from "vitest";
import { MemoryMachine } from "../../src/controllers/simulated/machine.ts";
import { plainShape } from "../../src/controllers/simulated/shape.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import type { MachineId } from "../../src/database/ids.ts";
import { machineShow } from "../../src/database/queries/machine/machine-show.ts";
import { machineSurroundings } from "../../src/database/queries/views/explain.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { keyMake, keyPem, serverIssue } from "../../src/lib/tls/issue.ts";
import { explain } from "../../src/operator-api/explain/explain.ts";
import { type ControlledFleet, controlledFleet } from "../../src/shepherd/testing/controlled-fleet.ts";
import { simulatedAccess } from "../../src/shepherd/testing/simulated-access.ts";
import { testShepherd } from "../../src/shepherd/testing/test-shepherd.ts";
import { type RecordingLog, recordingLog } from "../support/recording-log.ts";
import { waitFor } from "../support/wait.ts";

const secret = "pw-marked-7f3a";
const quick = { read: 300, change: 300, reading: { first: 1, most: 1, total: 2 } };

let all: ControlledFleet;
let machine: MemoryMachine;
let simulated: SimulatedController;
let log: RecordingLog;
beforeEach(async () => {
  all = await controlledFleet();
  machine = new MemoryMachine({ state: "on" });
  simulated = await simulate(0);
  log = recordingLog();
});
afterEach(async () => {
  await simulated[Symbol.asyncDispose]();
  await all[Symbol.asyncDispose]();
});

function simulate(port: number): Promise<SimulatedController> {
  const key = keyMake();
  const tls = { key: keyPem(key), cert: serverIssue(key, [{ type: "ip", value: "127.0.0.1" }], keyMake()).toString() };
  return SimulatedController.start({ shape: plainShape, machine, tls, port, password: secret });
}

/** @param limits the limits of the client's calls; by default as long as in the field */
const shepherd = (limits = {}, metrics = createMetrics()) =>
  testShepherd(all.fleet, { log: log.log, metrics, controllers: simulatedAccess({ limits, password: secret }) });

async function explained(machineId: MachineId) {
  const { database } = all.fleet;
  const record = await machineShow(database, machineId);
  return explain({ record, ...(await machineSurroundings(database, machineId)) });
}

/** Reads the controller now, as the shepherd does by and by; resolves to the failure's code, if it failed. */
async function look(machineId: MachineId): Promise<string | undefined> {
  await all.fleet.rows(
    "UPDATE machine_controller_contact SET look_at = now(), contact_at = NULL, failed_at = NULL, failed_code = NULL, failed_cause = NULL",
  );
  const row = await waitFor("a look", async () => {
    const [contact] = await all.fleet.rows<{ contact_at: Date | null; failed_code: string | null }>(
      "SELECT contact_at, failed_code FROM machine_controller_contact WHERE machine_id = $1",
      machineId,
    );
    return contact?.contact_at !== null || contact.failed_code !== null ? contact : undefined;
  });
  return row?.failed_code ?? undefined;
}

/** Everything that the database, the log and the explanation say: the secret may be in none. */
async function saysSecret(machineId: MachineId): Promise<string[]> {
  const tables = ["history", "controller_operation", "machine_controller", "machine_controller_contact"];
  const rows = await Promise.all(
    [...tables, "machine_start", "machine_start_failure", "machine_boot_override", "work_backoff"].map(
      async (table) => [
        table,
        JSON.stringify(await all.fleet.rows<{ row: unknown }>(`SELECT to_jsonb(t) AS row FROM ${table} t`)),
      ],
    ),
  );
  const told = [...rows, ["log", JSON.stringify(log.lines)], ["explain", JSON.stringify(await explained(machineId))]];
  const words = [secret, Buffer.from(`admin:${secret}`).toString("base64")];
  return told.filter(([, text]) => words.some((word) => text?.includes(word) === true)).map(([where]) => where ?? "");
}

test.each<[what: string, fault: () => void | Promise<void>, code: string, because: RegExp, can: RegExp]>([
  [
    "500s",
    () => void simulated.faults.push({ path: /Systems/u, times: 999, does: { status: 500, id: "X", message: "oops" } }),
    "busy",
    /500/u,
    /a shepherd asks again by itself/u,
  ],
  [
    "hangs",
    () => void simulated.faults.push({ path: /Systems/u, times: 999, does: "hang" }),
    "unreachable",
    /did not answer/u,
    /see whether the shepherd's host reaches https/u,
  ],
  [
    "closes in mid-answer",
    () => void simulated.faults.push({ path: /Systems/u, times: 999, does: "half" }),
    "unreachable",
    /its answer|broke|closed|cut/u,
    /see whether the shepherd's host reaches https/u,
  ],
  [
    "an answer of 100 MB",
    () => void simulated.faults.push({ path: /Systems/u, times: 999, does: "huge" }),
    "answer_invalid",
    /more than 4 MiB/u,
    /is https:\S+ the address of the controller/u,
  ],
  [
    "a web page",
    () => void simulated.faults.push({ path: /Systems/u, times: 999, does: "no-json" }),
    "answer_invalid",
    /JSON/u,
    /is https:\S+ the address of the controller/u,
  ],
  [
    "links to another host",
    () =>
      void simulated.faults.push({
        path: /Systems/u,
        times: 999,
        does: { status: 302, headers: { location: "https://203.0.113.9/redfish/v1/Systems/1" } },
      }),
    "answer_invalid",
    /another host/u,
    /is https:\S+ the address of the controller/u,
  ],
  [
    "another certificate",
    async () => {
      const port = Number(new URL(simulated.url).port);
      await simulated[Symbol.asyncDispose]();
      simulated = await simulate(port);
    },
    "untrusted",
    /shows another certificate .* Nothing was sent/u,
    /`farrier bmc add 'https:\/\/127\.0\.0\.1:\d+' --credential rack --machine [-0-9a-f]{36}`/u,
  ],
  [
    "a changed password",
    () => {
      simulated.state.password = "changed-by-somebody";
      simulated.sessions.endAll();
    },
    "unauthorized",
    /refuse/u,
    /`farrier credential rotate rack --help`/u,
  ],
  [
    "a password that must be changed",
    () => {
      simulated.state.passwordChange = true;
      simulated.sessions.endAll();
    },
    "password_change_required",
    /password/u,
    /wants another password .*`farrier bmc password/u,
  ],
  [
    "a controller that is away",
    () => simulated[Symbol.asyncDispose](),
    "unreachable",
    /nothing listens there/u,
    /is the controller on/u,
  ],
])("%s: named by explain, with what to do", async (what, fault, code, because, can) => {
  let machineId: MachineId;
  {
    await using _before = shepherd();
    machineId = await all.added(simulated.url);
  }
  // Looks that began before the fault have ended with their shepherd: none is taken for one after it.
  await fault();
  // Only what hangs needs short limits, which a busy host can exceed.
  await using _shepherd = shepherd(what === "hangs" ? quick : {});
  expect(await look(machineId)).toBe(code);
  const { causes, remedies } = await explained(machineId);
  const cause = causes.find(({ kind }) => kind === "controller-failing");
  expect(cause?.text).toMatch(because);
  expect(remedies).toContainEqual(expect.stringMatching(can));
  expect(remedies).toContain(`see whether its controller works: \`farrier bmc check ${machineId}\``);
  expect(await saysSecret(machineId)).toEqual([]);
  // Faults lead to no power call.
  expect(machine.actions).toEqual([]);
});

test.each<[what: string, fault: () => void]>([
  ["that ends all sessions", () => simulated.sessions.endAll()],
  ["that restarts", () => simulated.restart()],
  ["that cuts one connection", () => void simulated.faults.push({ path: /Systems/u, does: "cut" })],
  ["that is busy for a moment", () => void simulated.faults.push({ path: /Systems/u, does: { status: 503 } })],
  [
    // In proportion to the limits of a call, which are 60 s: the quick ones are for controllers that hang.
    "whose calls take long, within their limit",
    () => {
      const read = machine.powerGet.bind(machine);
      machine.powerGet = async () => {
        await new Promise((resolve) => setTimeout(resolve, 2 * quick.read));
        return read();
      };
    },
  ],
])("a controller %s works, and nothing is said", async (_what, fault) => {
  const metrics = createMetrics();
  await using _shepherd = shepherd({}, metrics);
  const machineId = await all.added(simulated.url);
  // The fault meets a controller that is not being read: the next look by itself is a minute away.
  await waitFor("the end of the first look", async () => {
    const { values } = await metrics.controllerReads.get();
    const [health] = await all.fleet.rows("SELECT FROM machine_health");
    return values.some(({ labels }) => labels.what === "power") && health !== undefined;
  });
  fault();
  expect(await look(machineId)).toBeUndefined();
  expect((await explained(machineId)).causes.map(({ kind }) => kind)).not.toContain("controller-failing");
  expect(await saysSecret(machineId)).toEqual([]);
});

test("a controller that lies about power: the start fails with what it showed, and is said with its means", async () => {
  machine = new MemoryMachine({ state: "off" });
  await simulated[Symbol.asyncDispose]();
  simulated = await simulate(0);
  machine.stuck = true;
  await using _shepherd = shepherd();
  const machineId = await all.added(simulated.url);
  await waitFor("the start to fail", async () => (await all.fleet.rows("SELECT FROM work_backoff")).length === 1);
  const { lines } = await explained(machineId);
  expect(lines.join("\n")).toMatch(/ShepherdAgentStart failed and is not tried again/u);
  expect(lines.join("\n")).toMatch(/starting an agent by its controller, by network boot has failed, .+ ago/u);
  expect(lines.join("\n")).toMatch(/last error: .*off/u);
  expect(await saysSecret(machineId)).toEqual([]);
});

test("an account that may only look is told, with the account's credential", async () => {
  machine = new MemoryMachine({ state: "off" });
  await simulated[Symbol.asyncDispose]();
  simulated = await simulate(0);
  simulated.state.readOnly = true;
  await using _shepherd = shepherd();
  const machineId = await all.added(simulated.url);
  await waitFor("the start to fail", async () => (await all.fleet.rows("SELECT FROM work_backoff")).length === 1);
  const { lines, remedies } = await explained(machineId);
  expect(lines.join("\n")).toMatch(/rights do not suffice/u);
  expect(remedies).toContainEqual(expect.stringContaining("account of credential rack"));
});
