import { buildCommand } from "@stricli/core";
import type { BmcCheckFlags } from "../actions/bmc-check.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { switchFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { oneMachine } from "../line/parameters.ts";

export const bmcCheckCommand = buildCommand<BmcCheckFlags, [string], CliContext>({
  docs: docs(
    "Check a machine's management controller, line by line",
    "With --media it also inserts a test medium into the controller's virtual drive, says within a minute whether the controller came to fetch it, and ejects it. " +
      "What the machine boots is not changed.",
    ["farrier bmc check web1", "farrier bmc check web1 --media"],
  ),
  parameters: {
    flags: { ...clientFlags, media: switchFlag("Also try a test medium in the controller's virtual drive") },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/bmc-check.ts")).bmcCheckAction,
});
