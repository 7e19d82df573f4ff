// From an empty machine that knows nothing but how to boot from the network to an operating system that runs, by each
// firmware and kind of disk; then once more, and never again by itself.
import { expect, test } from "vitest";
import { bootPatience } from "../support/qemu-lab.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { installAndRun, powerCycle, tinyServed } from "../support/qemu-lab-story.ts";
import { waitFor } from "../support/wait.ts";

const labOf = qemuLabSuite();

test.for([
  ["uefi", "virtio"],
  ["uefi", "nvme"],
  ["uefi", "sata"],
  ["bios", "virtio"],
] as const)("%s, %s", async ([firmware, disk]) => {
  const lab = labOf();
  const flags = ["--firmware", firmware, "--disk", disk, "--memory", "1024", "--disk-size", "1Gi"];
  const machine = await lab.machine(`${firmware}-${disk}`, ...flags);
  const { image } = await tinyServed(lab, firmware);
  await machine.happened("agent_enrolled", 1);
  // Its first heartbeat comes after it was let in.
  await waitFor(`${machine.name} to be ready`, async () => /is in state ready /u.test(await machine.explain()), {
    timeoutMs: bootPatience,
  });

  await installAndRun(machine, image, "first");
  expect(await powerCycle(lab, machine, "first")).toEqual([]);
  await installAndRun(machine, image, "second");
  expect(await powerCycle(lab, machine, "second")).toEqual([]);

  expect(await machine.story()).toEqual([
    "agent_enrolled",
    "installation_requested 1",
    "installation_handed_out 1",
    "installation_succeeded 1",
    "installation_requested 2",
    "agent_lost",
    "agent_enrolled",
    "installation_handed_out 2",
    "installed_removed 2",
    "installation_succeeded 2",
  ]);
  const { installed } = await machine.show();
  expect(installed?.generation).toBe(2n);
  await machine.power("off");
});
