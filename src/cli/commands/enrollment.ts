import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { parseSeconds } from "../line/duration.ts";
import {
  clientFlags,
  docs,
  optionalFlag,
  parseRequestId,
  repeatedFlag,
  switchFlag,
  textFlag,
  watchFlags,
  type ClientFlags,
  type WatchFlags,
} from "../line/flags.ts";
import { machineParameter } from "../line/parameters.ts";

/** Flags of `farrier machine boot-window`. */
export interface BootWindowFlags extends ClientFlags {
  for: number | undefined;
  close: boolean | undefined;
  requestId: string | undefined;
}

/** Flags of `farrier enrollment list`. */
export interface EnrollmentListFlags extends ClientFlags, WatchFlags {
  rejected: boolean | undefined;
}

/** Flags of `farrier enrollment reject`. */
export interface EnrollmentRejectFlags extends ClientFlags {
  requestId: string | undefined;
}

/** Flags of `farrier enrollment approve`. */
export interface EnrollmentApproveFlags extends EnrollmentRejectFlags {
  machine: string | undefined;
  name: string | undefined;
  label: readonly string[] | undefined;
  replace: boolean | undefined;
}

const requestId = optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId);

const keyParameter = {
  brief: "The agent's key, or its first 16 or more characters",
  placeholder: "KEY",
  parse: (value: string): string => value,
} as const;

export const bootWindowCommand = buildCommand<BootWindowFlags, [string], CliContext>({
  docs: docs(
    "Open a boot window, in which the machine may enrol by network boot",
    "Opens a boot window. The first network boot that identifies itself as this machine gets a token, and the machine is bound to the key that presents it. " +
      "Switch the machine off first: if a second key claims the machine in the window, the machine is put in quarantine.",
    [
      "farrier machine boot-window web1",
      "farrier machine boot-window web1 --for 30m",
      "farrier machine boot-window web1 --close",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      for: optionalFlag("Duration of the window (default: 10m)", "DURATION", parseSeconds),
      close: switchFlag("Close the open window"),
      requestId,
    },
    positional: { kind: "tuple", parameters: [machineParameter] },
  },
  loader: async () => (await import("../actions/enrollment.ts")).bootWindowAction,
});

export const enrollmentListCommand = buildCommand<EnrollmentListFlags, [], CliContext>({
  docs: docs("List agents that wait for approval, and refused callers", "", [
    "farrier enrollment list",
    "farrier enrollment list --watch",
  ]),
  parameters: { flags: { ...clientFlags, ...watchFlags, rejected: switchFlag("Include rejected agents") } },
  loader: async () => (await import("../actions/enrollment.ts")).enrollmentListAction,
});

export const enrollmentApproveCommand = buildCommand<EnrollmentApproveFlags, [string], CliContext>({
  docs: docs("Approve an agent for an existing or a new machine; prints the machine's id", "", [
    "farrier enrollment approve 3f2a9c01d4e5f607 --machine web1",
    "farrier enrollment approve 3f2a9c01d4e5f607 --name web7 --label rack=b12",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      machine: textFlag("The agent's machine (default: a new one)", "ID"),
      name: textFlag("A name for the new machine", "NAME"),
      label: repeatedFlag("A label of the new machine; repeatable", "KEY=VALUE"),
      replace: switchFlag("Replace the machine's current agent: its key stops working at once"),
      requestId,
    },
    positional: { kind: "tuple", parameters: [keyParameter] },
  },
  loader: async () => (await import("../actions/enrollment.ts")).enrollmentApproveAction,
});

export const enrollmentRejectCommand = buildCommand<EnrollmentRejectFlags, [string], CliContext>({
  docs: docs("Reject an agent that waits for approval; it is no longer listed", "", [
    "farrier enrollment reject 3f2a9c01d4e5f607",
  ]),
  parameters: { flags: { ...clientFlags, requestId }, positional: { kind: "tuple", parameters: [keyParameter] } },
  loader: async () => (await import("../actions/enrollment.ts")).enrollmentRejectAction,
});
