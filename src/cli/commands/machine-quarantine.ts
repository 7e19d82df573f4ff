import { buildCommand } from "@stricli/core";
import type { MachineQuarantineFlags } from "../actions/machine-quarantine.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { requiredFlag } from "../flags/flag.ts";
import { machineChangeFlags } from "../flags/machine-change.ts";
import { oneMachine } from "../line/parameters.ts";

export const machineQuarantineCommand = buildCommand<MachineQuarantineFlags, [string], CliContext>({
  docs: docs("Quarantine a machine; a pending request is cancelled", "", [
    'farrier machine quarantine web1 --reason "memory errors, ticket 4711"',
  ]),
  parameters: {
    flags: { ...machineChangeFlags, reason: requiredFlag("The reason, stored in the history", "TEXT") },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-quarantine.ts")).machineQuarantineAction,
});
