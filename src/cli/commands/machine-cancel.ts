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
    "Cancels the pending installation. If no byte was written yet, the disk is unchanged, and the machine stays " +
      "installed if it was; otherwise the command says that the disk was written to. It also stops further tries after an error.",
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
