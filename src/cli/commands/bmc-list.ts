import { buildCommand } from "@stricli/core";
import type { BmcListFlags } from "../actions/bmc-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { pageFlags } from "../flags/page.ts";
import { docs } from "../line/docs.ts";

export const bmcListCommand = buildCommand<BmcListFlags, [], CliContext>({
  docs: docs("List machines' management controllers", "", ["farrier bmc list", "farrier bmc list --output json"]),
  parameters: { flags: { ...clientFlags, ...pageFlags } },
  loader: async () => (await import("../actions/bmc-list.ts")).bmcListAction,
});
