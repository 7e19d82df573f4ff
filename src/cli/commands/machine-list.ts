import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { clientFlags, optionalFlag, parsePositive, repeatedFlag, type ClientFlags } from "../flags.ts";

/** Flags of `farrier machine list`. */
export interface MachineListFlags extends ClientFlags {
  label: readonly string[] | undefined;
  limit: number | undefined;
}

export const machineListCommand = buildCommand<MachineListFlags, [], CliContext>({
  docs: { brief: "List machines" },
  parameters: {
    flags: {
      ...clientFlags,
      label: repeatedFlag("Only machines with this label; repeatable, all must be there", "KEY=VALUE"),
      limit: optionalFlag("At most so many", "N", parsePositive),
    },
  },
  loader: async () => (await import("../actions/machine-list.ts")).machineList,
});
