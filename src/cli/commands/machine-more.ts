import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  docs,
  optionalFlag,
  parseGeneration,
  parseRequestId,
  repeatedFlag,
  requiredFlag,
  retryFlags,
  textFlag,
  watchFlags,
  type ClientFlags,
  type RetryFlags,
  type WatchFlags,
} from "../line/flags.ts";
import { machineParameter } from "../line/parameters.ts";

/** Flags of the commands that change one machine. */
export interface MachineChangeFlags extends ClientFlags {
  requestId: string | undefined;
}

/** Flags of `farrier machine update`. */
export interface MachineUpdateFlags extends MachineChangeFlags {
  name: string | undefined;
  label: readonly string[] | undefined;
  removeLabel: readonly string[] | undefined;
  smbiosUuid: string | undefined;
  mac: readonly string[] | undefined;
  removeMac: readonly string[] | undefined;
}

/** Flags of `farrier machine quarantine`. */
export interface MachineQuarantineFlags extends MachineChangeFlags {
  reason: string;
}

/** Flags of `farrier machine retry`. */
export interface MachineRetryFlags extends MachineChangeFlags, RetryFlags {
  generation: bigint | undefined;
}

const one = { kind: "tuple", parameters: [machineParameter] } as const;
const changeFlags = {
  ...clientFlags,
  requestId: optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId),
} as const;

export const machineExplainCommand = buildCommand<ClientFlags & WatchFlags, [string], CliContext>({
  docs: docs("Explain why a machine makes no progress: state, what it waits for, what you can do", "", [
    "farrier machine explain web1",
    "farrier machine explain web1 --watch",
  ]),
  parameters: { flags: { ...clientFlags, ...watchFlags }, positional: one },
  loader: async () => (await import("../actions/machine-explain.ts")).machineExplainAction,
});

export const machineUpdateCommand = buildCommand<MachineUpdateFlags, [string], CliContext>({
  docs: docs("Change a machine's name, labels, SMBIOS UUID and MACs", "", [
    "farrier machine update 3f2a --name web1",
    "farrier machine update web1 --label rack=b12 --remove-label spare",
    'farrier machine update web1 --name ""',
    "farrier machine update web1 --mac 52:54:00:12:34:57 --remove-mac 52:54:00:12:34:56",
  ]),
  parameters: {
    flags: {
      ...changeFlags,
      name: textFlag('Its new name; "" = none', "NAME"),
      label: repeatedFlag("Set a label; repeatable", "KEY=VALUE"),
      removeLabel: repeatedFlag("Remove a label; repeatable", "KEY"),
      smbiosUuid: textFlag('Its SMBIOS UUID, which identifies it at network boot; "" = none', "UUID"),
      mac: repeatedFlag("Add the MAC of an interface that the machine boots from; repeatable", "MAC"),
      removeMac: repeatedFlag("Remove a MAC; repeatable", "MAC"),
    },
    positional: one,
  },
  loader: async () => (await import("../actions/machine-change.ts")).machineUpdateAction,
});

export const machineDeleteCommand = buildCommand<MachineChangeFlags, [string], CliContext>({
  docs: docs("Delete an idle machine; its history is kept", "", ["farrier machine delete web1"]),
  parameters: { flags: changeFlags, positional: one },
  loader: async () => (await import("../actions/machine-change.ts")).machineDeleteAction,
});

export const machineQuarantineCommand = buildCommand<MachineQuarantineFlags, [string], CliContext>({
  docs: docs("Quarantine a machine; a pending request is cancelled", "", [
    'farrier machine quarantine web1 --reason "memory errors, ticket 4711"',
  ]),
  parameters: {
    flags: { ...changeFlags, reason: requiredFlag("The reason, stored in the history", "TEXT") },
    positional: one,
  },
  loader: async () => (await import("../actions/machine-change.ts")).machineQuarantineAction,
});

export const machineReleaseCommand = buildCommand<MachineChangeFlags, [string], CliContext>({
  docs: docs("Release a machine from quarantine; cancelled requests stay cancelled", "", [
    "farrier machine release web1",
  ]),
  parameters: { flags: changeFlags, positional: one },
  loader: async () => (await import("../actions/machine-change.ts")).machineReleaseAction,
});

export const machineRetryCommand = buildCommand<MachineRetryFlags, [string], CliContext>({
  docs: docs("Repeat a failed or cancelled installation as a new generation", "", [
    "farrier machine retry web1",
    "farrier machine retry web1 --generation 3 --retry-attempts 5",
  ]),
  parameters: {
    flags: {
      ...changeFlags,
      ...retryFlags,
      generation: optionalFlag("Generation to repeat (default: the newest)", "N", parseGeneration),
    },
    positional: one,
  },
  loader: async () => (await import("../actions/machine-change.ts")).machineRetryAction,
});

export const machineWatchCommand = buildCommand<ClientFlags & { cursor: string | undefined }, [], CliContext>({
  docs: docs(
    "Print every change of a machine until interrupted",
    "Prints one line per change; with --json one JSON document per line.",
    ["farrier machine watch", "farrier machine watch --json | jq .changes"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      cursor: textFlag("Continue from the cursor of an earlier watch (--json shows it)", "CURSOR"),
    },
  },
  loader: async () => (await import("../actions/machine-watch.ts")).machineWatchAction,
});
