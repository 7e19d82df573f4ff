import { buildCommand } from "@stricli/core";
import type { FleetSummaryFlags } from "../actions/fleet-summary.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { watchFlags } from "../flags/watch.ts";

export const fleetSummaryCommand = buildCommand<FleetSummaryFlags, [], CliContext>({
  docs: docs("Count machines by state, pending requests and live components", "", [
    "farrier fleet summary",
    "farrier fleet summary --watch",
  ]),
  parameters: { flags: { ...clientFlags, ...watchFlags } },
  loader: async () => (await import("../actions/fleet-summary.ts")).fleetSummaryAction,
});
