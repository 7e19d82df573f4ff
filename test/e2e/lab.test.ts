// The shortest way from an empty machine to an operating system that runs. All firmwares and disks, a second installation
// and what is killed on the way are in test/lab (`npm run test:lab`).
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { qemuLab, type QemuLab, qemuLabMissing } from "../support/qemu-lab.ts";
import { installAndRun, powerCycle, tinyServed } from "../support/qemu-lab-story.ts";

vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 300_000 });

let missing: string | undefined;
let lab: QemuLab;
beforeAll(async () => {
  missing = await qemuLabMissing();
  if (missing === undefined) {
    lab = await qemuLab();
  }
});
afterAll(async () => await lab?.[Symbol.asyncDispose]());

test("an empty machine boots from the network, enrols, installs, and runs what was asked for; a power cycle changes nothing", async (context) => {
  context.skip(missing !== undefined, missing);
  const machine = await lab.machine("uefi", "--memory", "1024", "--disk-size", "1Gi");
  await machine.happened("agent_enrolled", 1);
  const { image } = await tinyServed(lab);
  await installAndRun(machine, image, "first");
  expect(await powerCycle(lab, machine, "first")).toEqual([]);
  expect(await machine.story()).toEqual([
    "agent_enrolled",
    "installation_requested 1",
    "installation_handed_out 1",
    "installation_succeeded 1",
  ]);
  expect((await machine.show()).installed?.generation).toBe(1n);
});
