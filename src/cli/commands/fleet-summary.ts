import { buildCommand } from "@stricli/core";
import type { FleetSummaryFlags } from "../actions/fleet-summary.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { switchFlag } from "../flags/flag.ts";
import { watchFlags } from "../flags/watch.ts";

export const fleetSummaryCommand = buildCommand<FleetSummaryFlags, [], CliContext>({
  docs: docs("Count machines by state, pending requests and live components", "", [
    "farrier fleet summary",
    "farrier fleet summary --watch",
    "farrier fleet summary --hardware",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...watchFlags,
      hardware: switchFlag("Also sum up the hardware by provider and location"),
    },
  },
  loader: async () => (await import("../actions/fleet-summary.ts")).fleetSummaryAction,
});
