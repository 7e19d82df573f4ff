import { buildCommand } from "@stricli/core";
import type { MachineHistoryFlags } from "../actions/machine-history.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag } from "../flags/flag.ts";
import { oneMachine } from "../line/parameters.ts";
import { parsePositive } from "../line/positive.ts";

export const machineHistoryCommand = buildCommand<MachineHistoryFlags, [string], CliContext>({
  docs: docs("Show a machine's history: what happened, by whom and why; newest first", "", [
    "farrier machine history web1",
    "farrier machine history web1 --limit 20 --json",
  ]),
  parameters: {
    flags: { ...clientFlags, limit: optionalFlag("Maximum number of entries (default: 100)", "N", parsePositive) },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-history.ts")).machineHistoryAction,
});
