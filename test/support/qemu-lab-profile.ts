import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { type Lab, must } from "./lab.ts";
import { bootPatience, type QemuLab, type QemuMachine } from "./qemu-lab.ts";
import { waitFor } from "./wait.ts";

/** Puts an image into the catalogue and its cache, from which guests fetch it, and a profile that installs it. */
export async function profileMake(place: Lab, name: string, url: string, profile: string): Promise<void> {
  await must(place.cli("image", "add", name, "--url", url, "--cache", "--wait"));
  const shown = async () => (await place.client()).images.imageShow({ image: name });
  await waitFor(
    `the cache to have ${name}`,
    async () => ((await shown()).image?.cachedAt ?? []).length > 0 || undefined,
    {
      timeoutMs: bootPatience,
    },
  );
  const file = join(place.folder, `${name}.yaml`);
  await writeFile(file, `name: ${name}\nimage: ${name}\ndisk: min=1M\n${profile}`);
  await must(place.cli("profile", "apply", "-f", file));
}

/** A machine whose agent runs and has reported its hardware. */
export async function machineReady(lab: QemuLab, name: string, ...flags: string[]): Promise<QemuMachine> {
  const machine = await lab.machine(name, ...flags);
  await machine.happened("hardware_reported", 1);
  return machine;
}

/** Waits until it is in that state. */
export async function inState(machine: QemuMachine, state: MachineState): Promise<void> {
  await waitFor(
    `${machine.name} to be in state ${state}`,
    async () => ((await machine.show()).standing?.state === state ? true : undefined),
    { timeoutMs: 2 * bootPatience, intervalMs: 500 },
  );
}
