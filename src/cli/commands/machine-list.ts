import { buildCommand } from "@stricli/core";
import type { MachineListFlags } from "../actions/machine-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { switchFlag } from "../flags/flag.ts";
import { machineFilterFlags } from "../flags/machine-filter.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";

export const machineListCommand = buildCommand<MachineListFlags, [], CliContext>({
  docs: docs("List machines", "", [
    "farrier machine list --state agent-lost,install-failed",
    "farrier machine list --label rack=b12 --sort name --output wide",
    "farrier machine list --search web --output name",
    "farrier machine list --watch",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...pageFlags,
      ...watchFlags,
      ...machineFilterFlags,
      sort: {
        kind: "enum",
        optional: true,
        values: ["id", "name", "created", "state", "since"],
        brief: "Column to sort by (default: id)",
      },
      descending: switchFlag("Sort in descending order"),
    },
  },
  loader: async () => (await import("../actions/machine-list.ts")).machineListAction,
});
