import { buildCommand } from "@stricli/core";
import type { ProviderShowFlags } from "../actions/provider-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneProvider } from "../line/one-provider.ts";
export const providerShowCommand = buildCommand<ProviderShowFlags, [string], CliContext>({
  docs: docs("Show one provider: what of its list is not taken or not believed", "", ["farrier provider show rack-a"]),
  parameters: { flags: clientFlags, positional: oneProvider },
  loader: async () => (await import("../actions/provider-show.ts")).providerShowAction,
});
