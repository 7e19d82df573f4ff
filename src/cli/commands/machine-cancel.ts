import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { clientFlags, optionalFlag, parseGeneration, parseRequestId, textFlag, type ClientFlags } from "../flags.ts";
import { machineParameter } from "../parameters.ts";

/** Flags of `farrier machine cancel`. */
export interface MachineCancelFlags extends ClientFlags {
  generation: bigint | undefined;
  reason: string | undefined;
  requestId: string | undefined;
}

export const machineCancelCommand = buildCommand<MachineCancelFlags, [string], CliContext>({
  docs: { brief: "Call off the installation that is pending" },
  parameters: {
    flags: {
      ...clientFlags,
      generation: optionalFlag("Only this generation (otherwise whichever is pending)", "N", parseGeneration),
      reason: textFlag("Why, for whoever wonders", "TEXT"),
      requestId: optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId),
    },
    positional: { kind: "tuple", parameters: [machineParameter] },
  },
  loader: async () => (await import("../actions/machine-cancel.ts")).machineCancel,
});
