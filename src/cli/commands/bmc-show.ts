import { buildCommand } from "@stricli/core";
import type { BmcShowFlags } from "../actions/bmc-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneMachine } from "../line/parameters.ts";

export const bmcShowCommand = buildCommand<BmcShowFlags, [string], CliContext>({
  docs: docs("Show a machine's management controller", "", ["farrier bmc show web1"]),
  parameters: { flags: clientFlags, positional: oneMachine },
  loader: async () => (await import("../actions/bmc-show.ts")).bmcShowAction,
});
