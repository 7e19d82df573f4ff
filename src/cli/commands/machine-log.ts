import { buildCommand } from "@stricli/core";
import type { MachineLogFlags } from "../actions/machine-log.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, switchFlag } from "../flags/flag.ts";
import { oneMachine } from "../line/parameters.ts";
import { parsePositive } from "../line/positive.ts";

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
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-log.ts")).machineLogAction,
});
