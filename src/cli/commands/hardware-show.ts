import { buildCommand } from "@stricli/core";
import type { HardwareShowFlags } from "../actions/hardware-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag } from "../flags/flag.ts";
import { parseGeneration } from "../line/generation.ts";
import { oneMachine } from "../line/parameters.ts";
import { watchFlags } from "../flags/watch.ts";

export const hardwareShowCommand = buildCommand<HardwareShowFlags, [string], CliContext>({
  docs: docs(
    "Show a machine's hardware: the latest report, or an earlier one",
    "The SELECTOR column has the lasting name of a disk for `farrier machine install --disk`. --output wide shows all PCI devices; yaml and " +
      "json show the whole report.",
    ["farrier hardware show web1", "farrier hardware show web1 --number 3 --output json"],
  ),
  parameters: {
    flags: { ...clientFlags, ...watchFlags, number: optionalFlag("The report's number", "N", parseGeneration) },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/hardware-show.ts")).hardwareShowAction,
});
