import { buildCommand } from "@stricli/core";
import type { MachineReleaseFlags } from "../actions/machine-release.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { machineChangeFlags } from "../flags/machine-change.ts";
import { oneMachine } from "../line/parameters.ts";

export const machineReleaseCommand = buildCommand<MachineReleaseFlags, [string], CliContext>({
  docs: docs("Release a machine from quarantine; cancelled requests stay cancelled", "", [
    "farrier machine release web1",
  ]),
  parameters: { flags: machineChangeFlags, positional: oneMachine },
  loader: async () => (await import("../actions/machine-release.ts")).machineReleaseAction,
});
