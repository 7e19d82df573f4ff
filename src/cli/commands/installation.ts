import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  docs,
  pageFlags,
  repeatedFlag,
  textFlag,
  watchFlags,
  type ClientFlags,
  type WatchFlags,
} from "../line/flags.ts";
import type { PageFlags } from "../call/pages.ts";

/** Flags of `farrier installation list`. */
export interface InstallationListFlags extends ClientFlags, WatchFlags, PageFlags {
  machine: string | undefined;
  state: readonly string[] | undefined;
}

export const installationListCommand = buildCommand<InstallationListFlags, [], CliContext>({
  docs: docs("List the newest request of each machine, or all of one", "", [
    "farrier installation list --state failed,pending",
    "farrier installation list --machine web1",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...pageFlags,
      ...watchFlags,
      machine: textFlag("All generations of this one", "ID"),
      state: repeatedFlag("Only pending, succeeded, failed or cancelled; repeatable", "STATE"),
    },
  },
  loader: async () => (await import("../actions/installation-list.ts")).installationList,
});
