import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  docs,
  optionalFlag,
  parseGeneration,
  watchFlags,
  type ClientFlags,
  type WatchFlags,
} from "../line/flags.ts";
import { machineParameter } from "../line/parameters.ts";

/** Flags of `farrier hardware show`. */
export interface HardwareShowFlags extends ClientFlags, WatchFlags {
  number: bigint | undefined;
}

/** Flags of `farrier hardware diff`. */
export interface HardwareDiffFlags extends ClientFlags {
  from: bigint | undefined;
  to: bigint | undefined;
}

const one = { kind: "tuple", parameters: [machineParameter] } as const;

export const hardwareListCommand = buildCommand<ClientFlags & WatchFlags, [string], CliContext>({
  docs: docs("List a machine's hardware reports, the latest first", "", ["farrier hardware list web1"]),
  parameters: { flags: { ...clientFlags, ...watchFlags }, positional: one },
  loader: async () => (await import("../actions/hardware.ts")).hardwareListAction,
});

export const hardwareShowCommand = buildCommand<HardwareShowFlags, [string], CliContext>({
  docs: docs(
    "Show a machine's hardware: the latest report, or an earlier one",
    "The SELECTOR column has the lasting name of a disk for `farrier machine install --disk`. --output wide shows all PCI devices; yaml and " +
      "json show the whole report.",
    ["farrier hardware show web1", "farrier hardware show web1 --number 3 --output json"],
  ),
  parameters: {
    flags: { ...clientFlags, ...watchFlags, number: optionalFlag("The report's number", "N", parseGeneration) },
    positional: one,
  },
  loader: async () => (await import("../actions/hardware.ts")).hardwareShowAction,
});

export const hardwareDiffCommand = buildCommand<HardwareDiffFlags, [string], CliContext>({
  docs: docs("Show what changed between two hardware reports of a machine", "", [
    "farrier hardware diff web1",
    "farrier hardware diff web1 --from 1 --to 4",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      from: optionalFlag("A report's number (default: the report before --to)", "N", parseGeneration),
      to: optionalFlag("A report's number (default: the latest)", "N", parseGeneration),
    },
    positional: one,
  },
  loader: async () => (await import("../actions/hardware.ts")).hardwareDiffAction,
});
