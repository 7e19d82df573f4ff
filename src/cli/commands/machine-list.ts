import { buildCommand } from "@stricli/core";
import type { MachineListFlags } from "../actions/machine-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, switchFlag, textFlag } from "../flags/flag.ts";
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
      label: repeatedFlag("Only machines with this label; repeatable, a machine must have all of them", "KEY=VALUE"),
      state: repeatedFlag(
        "Only machines in this state, such as agent-lost; repeatable, or separated by commas",
        "STATE",
      ),
      provider: repeatedFlag("Only machines of this provider; repeatable", "NAME"),
      search: textFlag("Beginning of a name, id or provider id, or the value of a label", "TEXT"),
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
