import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { clientFlags, type ClientFlags } from "../flags.ts";
import { machineParameter } from "../parameters.ts";

export const machineShowCommand = buildCommand<ClientFlags, [string], CliContext>({
  docs: { brief: "Show everything about one machine" },
  parameters: { flags: clientFlags, positional: { kind: "tuple", parameters: [machineParameter] } },
  loader: async () => (await import("../actions/machine-show.ts")).machineShow,
});
