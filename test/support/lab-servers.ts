import { printedCommands } from "../../src/cli/testing/printed-words.ts";
import { must } from "./lab.ts";
import { type QemuLab, type QemuMachine, qemuMachine } from "./qemu-lab.ts";

/** Makes lab machines behind controllers, and makes them known by the commands that `farrier lab up` prints.
 * @param options further flags of `farrier lab up` and of `farrier bmc add`, and the beginning of the machines' names
 */
export async function labServers(
  lab: QemuLab,
  controller: "redfish" | "ipmi",
  machines: number,
  { flags = [], add = [], prefix = `srv-${controller}` }: { flags?: string[]; add?: string[]; prefix?: string } = {},
): Promise<[QemuMachine, ...QemuMachine[]]> {
  const shape = ["--memory", "1024", "--disk-size", "1Gi"];
  const made = await must(
    lab.place.cli(
      ...["lab", "up", "--machines", String(machines), "--name-prefix", prefix, "--controller", controller],
      ...shape,
      ...flags,
    ),
  );
  for (const words of printedCommands(made.stdout)) {
    await must(lab.place.cli(...words, ...(words[0] === "bmc" ? add : [])));
  }
  const server = (number: number): QemuMachine => qemuMachine(lab.place, `${prefix}-${number}`);
  return [server(1), ...Array.from({ length: machines - 1 }, (_, index) => server(index + 2))];
}
