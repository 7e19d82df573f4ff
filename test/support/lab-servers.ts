import { printedCommands } from "../../src/cli/testing/printed-words.ts";
import { must } from "./lab.ts";
import { type QemuLab, type QemuMachine, qemuMachine } from "./qemu-lab.ts";

/** Makes lab machines behind controllers, and makes them known by the commands that `farrier lab up` prints. */
export async function labServers(
  lab: QemuLab,
  controller: "redfish" | "ipmi",
  machines: number,
): Promise<[QemuMachine, ...QemuMachine[]]> {
  const shape = ["--memory", "1024", "--disk-size", "1Gi"];
  const prefix = `srv-${controller}`;
  const made = await must(
    lab.place.cli(
      ...["lab", "up", "--machines", String(machines), "--name-prefix", prefix, "--controller", controller],
      ...shape,
    ),
  );
  for (const words of printedCommands(made.stdout)) {
    await must(lab.place.cli(...words));
  }
  const server = (number: number): QemuMachine => qemuMachine(lab.place, `${prefix}-${number}`);
  return [server(1), ...Array.from({ length: machines - 1 }, (_, index) => server(index + 2))];
}
