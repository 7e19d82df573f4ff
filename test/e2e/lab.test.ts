// The shortest way from an empty machine to an operating system that runs. All firmwares and disks, a second installation
// and what is killed on the way are in test/lab (`npm run test:lab`).
import { expect, test } from "vitest";
import { installAndRun, powerCycle, tinyServed } from "../support/qemu-lab-story.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";

const labOf = qemuLabSuite();

test("an empty machine boots from the network, enrols, installs, and runs what was asked for; a power cycle changes nothing", async () => {
  const lab = labOf();
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
