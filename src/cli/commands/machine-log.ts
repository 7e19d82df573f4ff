import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { clientFlags, docs, optionalFlag, parsePositive, switchFlag, type ClientFlags } from "../line/flags.ts";
import { machineParameter } from "../line/parameters.ts";

/** Flags of `farrier machine log`. */
export interface MachineLogFlags extends ClientFlags {
  lines: number | undefined;
  follow: boolean | undefined;
}

export const machineLogCommand = buildCommand<MachineLogFlags, [string], CliContext>({
  docs: docs(
    "Show the latest lines that a machine's agent logged",
    "The server keeps about 500 lines for each machine. Times are from the machine's own clock, which may be wrong.",
    ["farrier machine log web1", "farrier machine log web1 --lines 20 --follow"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      lines: optionalFlag("Number of latest lines to show (default: all stored lines)", "N", parsePositive),
      follow: switchFlag("Follow new output until interrupted"),
    },
    positional: { kind: "tuple", parameters: [machineParameter] },
  },
  loader: async () => (await import("../actions/machine-log.ts")).machineLogAction,
});
