import { buildCommand } from "@stricli/core";
import type { BmcRemoveFlags } from "../actions/bmc-remove.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { oneMachine } from "../line/parameters.ts";

export const bmcRemoveCommand = buildCommand<BmcRemoveFlags, [string], CliContext>({
  docs: docs("Remove a machine's management controller; the machine stays", "", ["farrier bmc remove web1"]),
  parameters: {
    flags: {
      ...clientFlags,
      requestId: requestIdFlag,
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/bmc-remove.ts")).bmcRemoveAction,
});
