import { buildCommand } from "@stricli/core";
import type { MachineShowFlags } from "../actions/machine-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneMachine } from "../line/parameters.ts";
import { watchFlags } from "../flags/watch.ts";

export const machineShowCommand = buildCommand<MachineShowFlags, [string], CliContext>({
  docs: docs("Show everything about one machine", "", [
    "farrier machine show web1",
    "farrier machine show 3f2a --output yaml",
    "farrier machine show web1 --watch",
  ]),
  parameters: {
    flags: { ...clientFlags, ...watchFlags },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-show.ts")).machineShowAction,
});
