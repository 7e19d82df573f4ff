import { buildCommand } from "@stricli/core";
import type { ContextListFlags } from "../actions/context-list.ts";
import type { CliContext } from "../context.ts";
import { contextShownFlags } from "../line/context-parameters.ts";
import { docs } from "../line/docs.ts";

export const contextListCommand = buildCommand<ContextListFlags, [], CliContext>({
  docs: docs("List the contexts stored on this host", "", ["farrier context list"]),
  parameters: { flags: contextShownFlags },
  loader: async () => (await import("../actions/context-list.ts")).contextListAction,
});
