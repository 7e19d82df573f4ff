import { buildCommand } from "@stricli/core";
import type { BackoffClearFlags } from "../actions/backoff-clear.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { textFlag } from "../flags/flag.ts";
import { oneMachine } from "../line/parameters.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const backoffClearCommand = buildCommand<BackoffClearFlags, [string], CliContext>({
  docs: docs("End a machine's backoff now", "", ["farrier backoff clear web1"]),
  parameters: {
    flags: {
      ...clientFlags,
      process: textFlag("Only for this process (default: all processes)", "NAME"),
      requestId: requestIdFlag,
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/backoff-clear.ts")).backoffClearAction,
});
