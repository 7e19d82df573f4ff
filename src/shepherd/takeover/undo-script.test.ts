import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { programMissing } from "../../../test/support/program-missing.ts";
import { undoScript } from "./scripts.ts";

const missing = await programMissing("busybox", "busybox-static");

let folder: string;
let other: ChildProcess;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-undo-"));
});
afterEach(async () => {
  if (other.exitCode === null && other.signalCode === null) {
    const exit = once(other, "exit");
    other.kill("SIGKILL");
    await exit;
  }
  await rm(folder, { recursive: true, force: true });
});

/** Starts a shell that waits, as the file `name` of the folder, and notes it as the takeover program. */
async function noted(name: string): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, "echo begun\nread -r _\n");
  other = spawn("busybox", ["sh", path, folder], { stdio: ["pipe", "pipe", "ignore"] });
  await once(other.stdout ?? other, "data");
  await writeFile(join(folder, "pid"), `${other.pid}\n`);
}

async function undo(): Promise<void> {
  const script = join(folder, "undo.sh");
  await writeFile(script, undoScript);
  const child = spawn("busybox", ["sh", script, folder], { stdio: "ignore" });
  await once(child, "exit");
}

test("the takeover program that still runs is ended, and its directory removed", async (context) => {
  context.skip(missing !== undefined, missing);
  await noted("takeover.sh");
  const ended = once(other, "exit");
  await undo();
  expect(await ended).toEqual([null, "SIGTERM"]);
  await expect(stat(folder)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a process that got the number of a takeover program that is gone is left alone", async (context) => {
  context.skip(missing !== undefined, missing);
  await noted("another.sh");
  await undo();
  expect([other.exitCode, other.signalCode]).toEqual([null, null]);
  await expect(stat(folder)).rejects.toMatchObject({ code: "ENOENT" });
});
