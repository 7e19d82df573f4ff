import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandForm } from "../../console/commands/command.ts";
import { formCommands } from "../../console/commands/form-commands.ts";
import { emptyInstallForm } from "../../console/commands/install-form.ts";
import { installPrepare } from "../../console/commands/machine-install.ts";
import type { PreparedCommand } from "../../console/commands/prepared.ts";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { LabMachine } from "../support/lab.ts";
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
  const count = async (): Promise<number> => (await machine.history()).filter((entry) => entry.event === event).length;
  const before = await count();
  const prepared = prepare(await machine.show(), randomUUID());
  await shell(prepared.cli);
  expect(await count()).toBe(before + 1);
  // The same request id with the same body: the first answer again.
  const answer = JSON.parse(await shell(prepared.curl)) as { code?: string; message?: string };
  expect(answer.code, answer.message).toBeUndefined();
  expect(await count()).toBe(before + 1);
  const last = (await machine.history()).findLast((entry) => entry.event === event);
  if (prepared.cli.includes("--reason")) {
    expect(JSON.parse(last?.detailJson ?? "{}")).toMatchObject({ reason });
  }
});
