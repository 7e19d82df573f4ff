import type { BootTarget } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { bootTargetValues } from "../../contract/words/power.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { onMachines } from "../call/on-machines.ts";
import type { MachinesFlags } from "../flags/machines.ts";

/** Flags of `farrier machine boot`. */
export interface MachineBootFlags extends MachinesFlags {
  once: boolean | undefined;
}

const targets: Readonly<Record<string, BootTarget>> = bootTargetValues;

/** `farrier machine boot` */
export async function machineBootAction(this: CliContext, flags: MachineBootFlags, ...words: string[]): Promise<void> {
  const word = words.at(-1) ?? "";
  const target = targets[word];
  if (target === undefined) {
    throw new CliError("usage", `"${word}" at the end: expected one of ${Object.keys(targets).join(", ")}`);
  }
  const once = flags.once ?? false;
  await onMachines(this, flags, words.slice(0, -1), {
    ask: async ({ controllers }, common) => (await controllers.machineBoot({ ...common, target, once })).operation,
    told: () => `boots from ${word}${once ? " once" : ""}`,
  });
}
