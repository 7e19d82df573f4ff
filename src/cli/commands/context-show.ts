import { buildCommand } from "@stricli/core";
import type { ContextShowFlags } from "../actions/context-show.ts";
import type { CliContext } from "../context.ts";
import { contextParameter, contextShownFlags } from "../line/context-parameters.ts";
import { docs } from "../line/docs.ts";

export const contextShowCommand = buildCommand<ContextShowFlags, [string?], CliContext>({
  docs: docs("Show a fleet's context (default: the one in use), without secrets", "", ["farrier context show lab"]),
  parameters: {
    flags: contextShownFlags,
    positional: { kind: "tuple", parameters: [{ ...contextParameter, optional: true }] },
  },
  loader: async () => (await import("../actions/context-show.ts")).contextShowAction,
});
