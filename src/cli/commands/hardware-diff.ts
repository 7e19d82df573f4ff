import { buildCommand } from "@stricli/core";
import type { HardwareDiffFlags } from "../actions/hardware-diff.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag } from "../flags/flag.ts";
import { parseGeneration } from "../line/generation.ts";
import { oneMachine } from "../line/parameters.ts";

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
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/hardware-diff.ts")).hardwareDiffAction,
});
