import { expect } from "vitest";
import { must } from "./lab.ts";
import { bootPatience, type QemuLab, type QemuMachine } from "./qemu-lab.ts";
import { installAndRun, powerCycle, tinyServed } from "./qemu-lab-story.ts";
import { waitFor } from "./wait.ts";

/**
 * The story of a server that was just made known by its controller, and was off: its controller starts it into the
 * network boot, its agent enrols, it installs, boots from its disk from then on, and is left alone.
 * @param machine its name in the control plane, with the console of the lab machine behind the controller
 */
export async function serverStory(lab: QemuLab, machine: QemuMachine): Promise<void> {
  const { place } = lab;
  const { name } = machine;
  await machine.happened("agent_enrolled", 1);
  await waitFor(`${name} to be ready`, async () => /is in state ready /u.test(await machine.explain()), {
    timeoutMs: bootPatience,
  });
  const { image } = await tinyServed(lab, "uefi");
  await installAndRun(machine, image, "first");
  expect(await machine.story()).toEqual([
    "agent_enrolled",
    "installation_requested 1",
    "installation_handed_out 1",
    "installation_succeeded 1",
  ]);
  const refused = await place.cli("machine", "power", name, "off");
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("--yes")]);
  expect((await must(place.cli("machine", "power", name, "status"))).stdout).toBe(`${name}: power is on\n`);
  // No override is left: switched on by its controller, it boots from its disk.
  const power = async (action: "on" | "off"): Promise<void> =>
    void (await must(place.cli("machine", "power", name, action, "--yes")));
  expect(await powerCycle(lab, { ...machine, power }, "first", ["power_switched", "power_switched"])).toEqual([]);
  await power("off");
}
