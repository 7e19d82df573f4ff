import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  docs,
  optionalFlag,
  parseGeneration,
  pageFlags,
  repeatedFlag,
  textFlag,
  watchFlags,
  type ClientFlags,
  type WatchFlags,
} from "../line/flags.ts";
import { machineParameter } from "../line/parameters.ts";
import type { PageFlags } from "../call/pages.ts";

/** Flags of `farrier installation list`. */
export interface InstallationListFlags extends ClientFlags, WatchFlags, PageFlags {
  machine: string | undefined;
  state: readonly string[] | undefined;
}

/** Flags of `farrier installation show`. */
export interface InstallationShowFlags extends ClientFlags {
  generation: bigint | undefined;
}

export const installationShowCommand = buildCommand<InstallationShowFlags, [string], CliContext>({
  docs: docs(
    "Show a machine's current request in full, with its secrets",
    "Shows the whole image URL and the files for cloud-init. It needs the role operator, and each call is recorded in the audit.",
    ["farrier installation show web1", "farrier installation show web1 --json"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      generation: optionalFlag("Only this generation (default: the current one)", "N", parseGeneration),
    },
    positional: { kind: "tuple", parameters: [machineParameter] },
  },
  loader: async () => (await import("../actions/installation-show.ts")).installationShowAction,
});

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
