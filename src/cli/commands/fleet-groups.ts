import { buildCommand } from "@stricli/core";
import type { FleetGroupsFlags } from "../actions/fleet-groups.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { textFlag } from "../flags/flag.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";

export const fleetGroupsCommand = buildCommand<FleetGroupsFlags, [], CliContext>({
  docs: docs("Count machines by state for each value of a label, provider or location", "", [
    "farrier fleet groups --label rack",
    "farrier fleet groups --by location",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...watchFlags,
      label: textFlag("Group by the values of this label", "KEY"),
      by: {
        kind: "enum",
        optional: true,
        values: ["provider", "location"],
        brief: "What to group by (default: provider)",
      },
    },
  },
  loader: async () => (await import("../actions/fleet-groups.ts")).fleetGroupsAction,
});
