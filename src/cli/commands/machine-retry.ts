import { buildCommand } from "@stricli/core";
import type { MachineRetryFlags } from "../actions/machine-retry.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag } from "../flags/flag.ts";
import { parseGeneration } from "../line/generation.ts";
import { machineChangeFlags } from "../flags/machine-change.ts";
import { oneMachine } from "../line/parameters.ts";
import { retryFlags } from "../flags/retry.ts";

export const machineRetryCommand = buildCommand<MachineRetryFlags, [string], CliContext>({
  docs: docs("Repeat a failed or cancelled installation as a new generation", "", [
    "farrier machine retry web1",
    "farrier machine retry web1 --generation 3 --retry-attempts 5",
  ]),
  parameters: {
    flags: {
      ...machineChangeFlags,
      ...retryFlags,
      generation: optionalFlag("Generation to repeat (default: the newest)", "N", parseGeneration),
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-retry.ts")).machineRetryAction,
});
