import type { PowerCommand } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { onMachines } from "../call/on-machines.ts";
import { resultText } from "../call/operation.ts";
import { powerCommandValues } from "../../contract/words/power.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { MachinesFlags } from "../flags/machines.ts";

/** Flags of `farrier machine power`. */
export interface MachinePowerFlags extends MachinesFlags {
  yes: boolean | undefined;
}

const commands: Readonly<Record<string, PowerCommand>> = powerCommandValues;

/** `farrier machine power` */
export async function machinePowerAction(
  this: CliContext,
  flags: MachinePowerFlags,
  ...words: string[]
): Promise<void> {
  const named = words.slice(0, -1);
  const word = words.at(-1) ?? "";
  const command = commands[word];
  if (command === undefined) {
    throw new CliError("usage", `"${word}" at the end: expected one of ${Object.keys(commands).join(", ")}`);
  }
  await onMachines(this, flags, named, {
    ask: async ({ controllers }, common) =>
      (await controllers.machinePower({ ...common, command, confirmed: flags.yes ?? false })).operation,
    told: (result) => `${word === "status" ? "" : `${word} is done; `}power is ${resultText(result, "power")}`,
  });
}
