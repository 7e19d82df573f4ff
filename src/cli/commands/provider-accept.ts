import { buildCommand } from "@stricli/core";
import type { ProviderAcceptFlags } from "../actions/provider-accept.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneProvider } from "../line/one-provider.ts";
import { requestIdFlag } from "../line/request-id.ts";
export const providerAcceptCommand = buildCommand<ProviderAcceptFlags, [string], CliContext>({
  docs: docs(
    "Accept that many machines of a provider are gone, or are others",
    "Where more than a tenth of the machines of a provider (at least 3) are gone from its list at once, the list is not believed and the\nwork of that provider stops. This accepts what the list says of the machines that `farrier provider show` names now.",
    ["farrier provider accept rack-a"],
  ),
  parameters: { flags: { ...clientFlags, requestId: requestIdFlag }, positional: oneProvider },
  loader: async () => (await import("../actions/provider-accept.ts")).providerAcceptAction,
});
