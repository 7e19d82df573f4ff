import { buildCommand } from "@stricli/core";
import type { ProviderListFlags } from "../actions/provider-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";

export const providerListCommand = buildCommand<ProviderListFlags, [], CliContext>({
  docs: docs("List providers: where machines come from, and what is wrong there", "", ["farrier provider list"]),
  parameters: { flags: clientFlags },
  loader: async () => (await import("../actions/provider-list.ts")).providerListAction,
});
