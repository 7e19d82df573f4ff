import { buildCommand } from "@stricli/core";
import type { MachineWatchFlags } from "../actions/machine-watch.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { textFlag } from "../flags/flag.ts";
import { machineFilterFlags } from "../flags/machine-filter.ts";

export const machineWatchCommand = buildCommand<MachineWatchFlags, [], CliContext>({
  docs: docs(
    "Print every change of a machine until interrupted",
    "Prints one line per change; with --json one JSON document per line. With conditions: only machines that meet them after the change.",
    [
      "farrier machine watch",
      "farrier machine watch --state install-failed,agent-lost",
      "farrier machine watch --json | jq .changes",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      ...machineFilterFlags,
      cursor: textFlag("Continue from the cursor of an earlier watch (--json shows it)", "CURSOR"),
    },
  },
  loader: async () => (await import("../actions/machine-watch.ts")).machineWatchAction,
});
