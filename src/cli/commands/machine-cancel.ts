import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  docs,
  optionalFlag,
  parseGeneration,
  parseRequestId,
  textFlag,
  type ClientFlags,
} from "../line/flags.ts";
import { machineParameter } from "../line/parameters.ts";

/** Flags of `farrier machine cancel`. */
export interface MachineCancelFlags extends ClientFlags {
  generation: bigint | undefined;
  reason: string | undefined;
  requestId: string | undefined;
}

export const machineCancelCommand = buildCommand<MachineCancelFlags, [string], CliContext>({
  docs: docs(
    "Cancel the pending installation",
    "Calls off the installation that is pending. Before a byte was written, the disk is left as it was, and the machine " +
      "installed if it was; after that, it says so. It also stops the tries that were to follow an error.",
    ["farrier machine cancel web1", 'farrier machine cancel web1 --generation 3 --reason "wrong image, ticket 4711"'],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      generation: optionalFlag("Only this generation (default: the pending one)", "N", parseGeneration),
      reason: textFlag("The reason, stored in the history", "TEXT"),
      requestId: optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId),
    },
    positional: { kind: "tuple", parameters: [machineParameter] },
  },
  loader: async () => (await import("../actions/machine-cancel.ts")).machineCancelAction,
});
