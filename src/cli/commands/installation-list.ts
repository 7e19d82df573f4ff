import { buildCommand } from "@stricli/core";
import type { InstallationListFlags } from "../actions/installation-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, textFlag } from "../flags/flag.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";

export const installationListCommand = buildCommand<InstallationListFlags, [], CliContext>({
  docs: docs("List the newest installation of each machine, or all of one machine", "", [
    "farrier installation list --state failed,pending",
    "farrier installation list --machine web1",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...pageFlags,
      ...watchFlags,
      machine: textFlag("All generations of this machine", "ID"),
      state: repeatedFlag("Only pending, succeeded, failed or cancelled; repeatable", "STATE"),
    },
  },
  loader: async () => (await import("../actions/installation-list.ts")).installationListAction,
});
