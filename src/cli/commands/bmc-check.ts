import { buildCommand } from "@stricli/core";
import type { BmcCheckFlags } from "../actions/bmc-check.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneMachine } from "../line/parameters.ts";

export const bmcCheckCommand = buildCommand<BmcCheckFlags, [string], CliContext>({
  docs: docs("Check a machine's management controller, line by line", "", ["farrier bmc check web1"]),
  parameters: { flags: clientFlags, positional: oneMachine },
  loader: async () => (await import("../actions/bmc-check.ts")).bmcCheckAction,
});
