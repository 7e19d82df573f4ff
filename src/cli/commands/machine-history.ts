import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { clientFlags, docs, optionalFlag, parsePositive, type ClientFlags } from "../line/flags.ts";
import { machineParameter } from "../line/parameters.ts";

/** Flags of `farrier machine history`. */
export interface MachineHistoryFlags extends ClientFlags {
  limit: number | undefined;
}

export const machineHistoryCommand = buildCommand<MachineHistoryFlags, [string], CliContext>({
  docs: docs("Show a machine's history: what happened, by whom and why; newest first", "", [
    "farrier machine history web1",
    "farrier machine history web1 --limit 20 --json",
  ]),
  parameters: {
    flags: { ...clientFlags, limit: optionalFlag("Maximum number of entries (default: 100)", "N", parsePositive) },
    positional: { kind: "tuple", parameters: [machineParameter] },
  },
  loader: async () => (await import("../actions/machine-history.ts")).machineHistoryAction,
});
