import { buildCommand } from "@stricli/core";
import type { ProviderCheckFlags } from "../actions/provider-check.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneProvider } from "../line/one-provider.ts";
export const providerCheckCommand = buildCommand<ProviderCheckFlags, [string], CliContext>({
  docs: docs("Look at a provider anew, line by line", "", ["farrier provider check rack-a"]),
  parameters: { flags: clientFlags, positional: oneProvider },
  loader: async () => (await import("../actions/provider-check.ts")).providerCheckAction,
});
