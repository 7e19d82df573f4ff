import { buildCommand } from "@stricli/core";
import type { ContextUseFlags } from "../actions/context-use.ts";
import type { CliContext } from "../context.ts";
import { oneContext } from "../line/context-parameters.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";

export const contextUseCommand = buildCommand<ContextUseFlags, [string], CliContext>({
  docs: docs("Choose the context that commands use by default", "", ["farrier context use lab"]),
  parameters: { flags: { debug: commonFlags.debug }, positional: oneContext },
  loader: async () => (await import("../actions/context-use.ts")).contextUseAction,
});
