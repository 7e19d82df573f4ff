import { buildCommand } from "@stricli/core";
import type { InstallationListFlags } from "../actions/installation-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { timeFlag } from "../flags/time.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";

export const installationListCommand = buildCommand<InstallationListFlags, [], CliContext>({
  docs: docs("List the newest installation of each machine, or all of one machine", "", [
    "farrier installation list --state failed,pending",
    "farrier installation list --machine web1",
    "farrier installation list --state failed --error 'no disk matches' --since 1d",
    "farrier installation list --sort finished --oldest-first",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...pageFlags,
      ...watchFlags,
      machine: textFlag("All generations of this machine", "ID"),
      state: repeatedFlag("Only pending, succeeded, failed or cancelled; repeatable", "STATE"),
      error: textFlag("Only installations with this text in their error", "TEXT"),
      sort: {
        kind: "enum",
        optional: true,
        values: ["requested", "finished"],
        brief: "Time to sort by, and that --since and --before are about (default: requested)",
      },
      oldestFirst: switchFlag("Sort from the oldest to the newest"),
      since: timeFlag("Only those that are not older than this time, or than so long ago"),
      before: timeFlag("Only those that are older"),
    },
  },
  loader: async () => (await import("../actions/installation-list.ts")).installationListAction,
});
