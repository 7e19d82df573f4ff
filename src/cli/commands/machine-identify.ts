import { buildCommand } from "@stricli/core";
import type { MachineIdentifyFlags } from "../actions/machine-identify.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { machinesFlags } from "../flags/machines.ts";
import { machinesThenWord } from "../line/machines-then-word.ts";

export const machineIdentifyCommand = buildCommand<MachineIdentifyFlags, string[], CliContext>({
  docs: docs("Switch machines' identification lights: on, off", "", ["farrier machine identify web1 on"]),
  parameters: { flags: machinesFlags, positional: machinesThenWord(["on", "off"]) },
  loader: async () => (await import("../actions/machine-identify.ts")).machineIdentifyAction,
});
