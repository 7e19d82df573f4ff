import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CommandForm } from "../../console/commands/command.ts";
import { formCommands } from "../../console/commands/form-commands.ts";
import { emptyInstallForm } from "../../console/commands/install-form.ts";
import { installPrepare } from "../../console/commands/machine-install.ts";
import type { PreparedCommand } from "../../console/commands/prepared.ts";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { MemoryMachine } from "../../src/controllers/simulated/machine.ts";
import { plainShape } from "../../src/controllers/simulated/shape.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import { must, type LabMachine } from "../support/lab.ts";
import { labConsole, type LabConsole } from "./support/lab-console.ts";

const bin = new URL("../../bin/farrier.js", import.meta.url).pathname;

let server: LabConsole;
let machine: LabMachine;
let token: string;
beforeAll(async () => {
  server = await labConsole();
  machine = await server.lab.machine("box1");
  token = await server.token("admin");
  // Nothing else would identify its network boot.
  const identity = { requestId: randomUUID(), machine: machine.id, addMacs: ["52:54:00:12:34:56"] };
  await server.client.machines.machineUpdate(identity);
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

/** Runs lines in a shell, as somebody who has copied them. */
async function shell(lines: string): Promise<string> {
  const script = `set -e\nfarrier() { '${process.execPath}' '${bin}' "$@"; }\n${lines}`;
  const env = { ...process.env, FARRIER_DATA_DIR: server.lab.dataDir, URL: server.url, TOKEN: token };
  return (await promisify(execFile)("sh", ["-c", script], { cwd: server.lab.folder, env })).stdout;
}

const reason = `it's $HOME "hot" \`id\``;
const image = {
  ...emptyInstallForm,
  url: "https://images.example.org/debian-13.raw.zst?x=1&y='2'",
  digest: `sha256:${"0a".repeat(32)}`,
  selector: String.raw`serial=a\,b c`,
  userData: new TextEncoder().encode("#cloud-config\nhostname: 'x'\n"),
  grow: true,
  attempts: "2",
};

type Step = [title: string, prepare: (machine: Machine, requestId: string) => PreparedCommand, event: string];
const form =
  (name: keyof typeof formCommands, values: CommandForm): Step[1] =>
  (before, requestId) =>
    formCommands[name].prepare(before, { ...formCommands[name].initial(before), ...values }, requestId);

/** How often an event stands in a machine's history, which outlives the machine. */
async function eventCount(id: string, event: string): Promise<number> {
  const { entries } = await server.client.machines.machineHistory({ machine: id, pageSize: 1000 });
  return entries.filter((entry) => entry.event === event).length;
}

/** Runs the line, then the call: both are the same command, so it is carried out once. @param count what it adds one to */
async function bothTwins(prepared: PreparedCommand, count: () => Promise<number>): Promise<void> {
  const before = await count();
  await shell(prepared.cli);
  expect(await count()).toBe(before + 1);
  // The same request id with the same body: the first answer again. With another body it would be refused.
  const answer = JSON.parse(await shell(prepared.curl)) as { code?: string; message?: string };
  expect(answer.code, answer.message).toBeUndefined();
  expect(await count()).toBe(before + 1);
}

test.each<Step>([
  ["install", (before, requestId) => installPrepare(before, image, requestId), "installation_requested"],
  ["cancel", form("cancel", { reason }), "installation_cancelled"],
  ["retry", form("retry", { attempts: "3" }), "installation_requested"],
  ["cancel again", form("cancel", {}), "installation_cancelled"],
  ["boot-window", form("boot-window", { for: "20m" }), "boot_window_opened"],
  ["close-boot-window", form("close-boot-window", {}), "boot_window_closed"],
  ["update", form("update", { set: "rack=b 12\nnote=it's", remove: "spare" }), "machine_updated"],
  ["quarantine", form("quarantine", { reason }), "machine_quarantined"],
  ["release", form("release", {}), "machine_released"],
])("%s: the copied line and the copied curl call are the same command, carried out once", async (_, prepare, event) => {
  const prepared = prepare(await machine.show(), randomUUID());
  await bothTwins(prepared, async () => await eventCount(machine.id, event));
  const last = (await machine.history()).findLast((entry) => entry.event === event);
  if (prepared.cli.includes("--reason")) {
    expect(JSON.parse(last?.detailJson ?? "{}")).toMatchObject({ reason });
  }
});

describe("a machine with a controller", () => {
  let bmc: SimulatedController;
  let id: string;
  beforeAll(async () => {
    bmc = await SimulatedController.start({ shape: plainShape, machine: new MemoryMachine() });
    const file = join(server.lab.folder, "bmc-secret");
    await writeFile(file, bmc.state.password);
    const who = ["--kind", "bmc", "--user", bmc.state.userName, "--secret-file", file, "--for", "127.0.0.0/8"];
    await must(server.lab.cli("credential", "create", "bmc1", ...who));
    await must(server.lab.cli("bmc", "add", bmc.url, "--credential", "bmc1", "--name", "two", "--clear-text"));
    id = (await shown()).id;
    // A shepherd leaves it alone.
    await must(server.lab.cli("machine", "quarantine", "two", "--reason", "looked at by a test"));
  });
  afterAll(async () => await bmc?.[Symbol.asyncDispose]());

  const shown = async (): Promise<Machine> => {
    const { machine: two } = await server.client.machines.machineShow({ machine: "two" });
    return two ?? expect.unreachable("there is no machine");
  };
  /** Calls of the controller that change something there. */
  const orders = (path: RegExp) => async (): Promise<number> => {
    const writes = bmc.calls.filter(({ method, status }) => ["POST", "PATCH"].includes(method) && status < 300);
    return await Promise.resolve(writes.filter((call) => path.test(call.path)).length);
  };

  test.each<[title: string, prepare: Step[1], path: RegExp]>([
    ["power", form("power", { command: "on" }), /ComputerSystem\.Reset$/u],
    ["power again", form("power", { command: "off", confirmed: "yes" }), /ComputerSystem\.Reset$/u],
    ["boot", form("boot", { target: "network", once: "yes" }), /Systems\/[^/]+$/u],
    ["identify", form("identify", { light: "on" }), /(?:Systems|Chassis)\/[^/]+$/u],
  ])("%s: the copied line and the copied curl call reach the controller once", async (_, prepare, path) => {
    await bothTwins(prepare(await shown(), randomUUID()), orders(path));
  });

  test("start-agent and delete: the copied line and the copied curl call are carried out once", async () => {
    await server.client.machines.machineRelease({ requestId: randomUUID(), machine: id });
    const start = formCommands["start-agent"].prepare(await shown(), { bootBy: "controller-network" }, randomUUID());
    await bothTwins(start, async () => await eventCount(id, "agent_start_allowed"));
    const gone = formCommands.delete.prepare(await machine.show(), {}, randomUUID());
    await bothTwins(gone, async () => await eventCount(machine.id, "machine_deleted"));
    const { machines } = await server.client.machines.machineList({});
    expect(machines.map(({ name }) => name)).toEqual(["two"]);
  });
});
