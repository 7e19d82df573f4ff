import { buildCommand } from "@stricli/core";
import type { MachineExplainFlags } from "../actions/machine-explain.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneMachine } from "../line/parameters.ts";
import { watchFlags } from "../flags/watch.ts";

export const machineExplainCommand = buildCommand<MachineExplainFlags, [string], CliContext>({
  docs: docs("Explain why a machine makes no progress: state, what it waits for, what you can do", "", [
    "farrier machine explain web1",
    "farrier machine explain web1 --watch",
  ]),
  parameters: { flags: { ...clientFlags, ...watchFlags }, positional: oneMachine },
  loader: async () => (await import("../actions/machine-explain.ts")).machineExplainAction,
});
