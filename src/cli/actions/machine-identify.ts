import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { onMachines } from "../call/on-machines.ts";
import type { MachinesFlags } from "../flags/machines.ts";

/** Flags of `farrier machine identify`. */
export type MachineIdentifyFlags = MachinesFlags;

/** `farrier machine identify` */
export async function machineIdentifyAction(
  this: CliContext,
  flags: MachineIdentifyFlags,
  ...words: string[]
): Promise<void> {
  const word = words.at(-1) ?? "";
  if (word !== "on" && word !== "off") {
    throw new CliError("usage", `"${word}" at the end: expected on or off`);
  }
  await onMachines(this, flags, words.slice(0, -1), {
    ask: async ({ controllers }, common) =>
      (await controllers.machineIdentify({ ...common, on: word === "on" })).operation,
    told: () => `its identification light is ${word}`,
  });
}
