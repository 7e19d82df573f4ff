// One request, one init file, two agents of it: exactly one of them writes, whatever happens to it.
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { CauseKind } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { FarrierProcess } from "../support/farrier-process.ts";
import { lab, type Lab, must } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

// Many processes on few cores: most of a test is waiting for them to start.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const mebibyte = 1 << 20;
const patience = { timeoutMs: 60_000 };

let place: Lab;
beforeAll(async () => {
  place = await lab();
  await place.up();
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

test.each(["goes on", "is killed"])("X1: of two agents from one init file one writes, and it %s", async (what) => {
  const machine = await place.machine(what.replace(" ", "-"));
  const image = place.images.serve(machine.name, randomBytes(8 * mebibyte), { limit: 5 * mebibyte });
  // A copy of the machine: its init file, and disks of its own that are called the same.
  const folder = join(place.folder, `${machine.name}-copy`);
  await mkdir(folder);
  const untouched = Buffer.alloc(16 * mebibyte, "copy");
  await writeFile(join(folder, "disk0"), untouched);
  const init = `${folder}.json`;
  await copyFile(machine.initFile, init);
  const copyDisk = (): Promise<Buffer> => readFile(join(folder, "disk0"));

  const first = machine.agent();
  await must(machine.install(image));
  await waitFor("the first to write", () => image.sent === 5 * mebibyte, patience);
  const second: FarrierProcess = place.cliStart("agent", "run", "--init", init, "--file-disks", folder);
  const client = await place.client();
  await waitFor(
    "explain to name two agents",
    async () =>
      (await client.machines.machineExplain({ machine: machine.id })).causes.some(
        ({ kind }) => kind === CauseKind.DUPLICATE_AGENT,
      ),
    patience,
  );
  expect((await copyDisk()).equals(untouched)).toBe(true);
  if (what === "is killed") {
    await first.end("SIGKILL");
  }
  image.limit = Number.POSITIVE_INFINITY;
  const { installed } = await machine.settled(100_000);
  expect(installed?.generation).toBe(1n);
  const begins = (disk: Buffer): boolean => disk.subarray(0, image.bytes.length).equals(image.bytes);
  expect([begins(await machine.disk()), begins(await copyDisk())]).toEqual(
    what === "is killed" ? [false, true] : [true, false],
  );
  // The second agent's next call shows it, which may come after the result of the first.
  await waitFor("the duplicate in history", async () => (await machine.story()).includes("agent_duplicate 1"));
  await second.end("SIGTERM");
  await place.agentsEnd();
});
