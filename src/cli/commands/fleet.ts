import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  docs,
  optionalFlag,
  pageFlags,
  parseRequestId,
  switchFlag,
  textFlag,
  watchFlags,
  type ClientFlags,
  type WatchFlags,
} from "../line/flags.ts";
import type { PageFlags } from "../call/pages.ts";
import { machineParameter } from "../line/parameters.ts";

/** Flags of `farrier work list`. */
export interface WorkListFlags extends ClientFlags, WatchFlags, PageFlags {
  machine: string | undefined;
  process: string | undefined;
}

/** Flags of `farrier backoff list`. */
export interface BackoffListFlags extends WorkListFlags {
  all: boolean | undefined;
}

/** Flags of `farrier backoff clear`. */
export interface BackoffClearFlags extends ClientFlags {
  process: string | undefined;
  requestId: string | undefined;
}

const shown = { ...clientFlags, ...watchFlags } as const;
const listed = {
  ...shown,
  ...pageFlags,
  machine: textFlag("Only for this machine", "ID"),
  process: textFlag("Only for this process, such as ShepherdRecovery", "NAME"),
} as const;

export const fleetSummaryCommand = buildCommand<ClientFlags & WatchFlags, [], CliContext>({
  docs: docs("Count machines by state, pending requests and live components", "", [
    "farrier fleet summary",
    "farrier fleet summary --watch",
  ]),
  parameters: { flags: shown },
  loader: async () => (await import("../actions/fleet.ts")).fleetSummaryAction,
});

export const sessionListCommand = buildCommand<ClientFlags & WatchFlags, [], CliContext>({
  docs: docs("List the live components", "", ["farrier session list"]),
  parameters: { flags: shown },
  loader: async () => (await import("../actions/fleet.ts")).sessionListAction,
});

export const workListCommand = buildCommand<WorkListFlags, [], CliContext>({
  docs: docs("List the work that components hold on machines", "", ["farrier work list --process ShepherdRecovery"]),
  parameters: { flags: listed },
  loader: async () => (await import("../actions/fleet.ts")).workListAction,
});

export const backoffListCommand = buildCommand<BackoffListFlags, [], CliContext>({
  docs: docs("List backoffs: machine, process, end and cause", "", ["farrier backoff list --machine web1"]),
  parameters: { flags: { ...listed, all: switchFlag("Include backoffs that have ended") } },
  loader: async () => (await import("../actions/fleet.ts")).backoffListAction,
});

export const backoffClearCommand = buildCommand<BackoffClearFlags, [string], CliContext>({
  docs: docs("End a machine's backoff now", "", ["farrier backoff clear web1"]),
  parameters: {
    flags: {
      ...clientFlags,
      process: textFlag("Only for this process (default: all processes)", "NAME"),
      requestId: optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId),
    },
    positional: { kind: "tuple", parameters: [machineParameter] },
  },
  loader: async () => (await import("../actions/fleet.ts")).backoffClearAction,
});
