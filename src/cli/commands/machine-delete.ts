import { buildCommand } from "@stricli/core";
import type { MachineDeleteFlags } from "../actions/machine-delete.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { machineChangeFlags } from "../flags/machine-change.ts";
import { oneMachine } from "../line/parameters.ts";

export const machineDeleteCommand = buildCommand<MachineDeleteFlags, [string], CliContext>({
  docs: docs("Delete an idle machine; its history is kept", "", ["farrier machine delete web1"]),
  parameters: { flags: machineChangeFlags, positional: oneMachine },
  loader: async () => (await import("../actions/machine-delete.ts")).machineDeleteAction,
});
