import { buildCommand } from "@stricli/core";
import type { MachineCancelFlags } from "../actions/machine-cancel.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, textFlag } from "../flags/flag.ts";
import { parseGeneration } from "../line/generation.ts";
import { oneMachine } from "../line/parameters.ts";
import { requestIdFlag } from "../line/request-id.ts";

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
      requestId: requestIdFlag,
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-cancel.ts")).machineCancelAction,
});
