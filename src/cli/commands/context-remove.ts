import { buildCommand } from "@stricli/core";
import type { ContextRemoveFlags } from "../actions/context-remove.ts";
import type { CliContext } from "../context.ts";
import { oneContext } from "../line/context-parameters.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";

export const contextRemoveCommand = buildCommand<ContextRemoveFlags, [string], CliContext>({
  docs: docs("Remove a context", "", ["farrier context remove lab"]),
  parameters: { flags: { debug: commonFlags.debug }, positional: oneContext },
  loader: async () => (await import("../actions/context-remove.ts")).contextRemoveAction,
});
