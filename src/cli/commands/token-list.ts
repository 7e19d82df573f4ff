import { buildCommand } from "@stricli/core";
import type { TokenListFlags } from "../actions/token-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { switchFlag } from "../flags/flag.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";

export const tokenListCommand = buildCommand<TokenListFlags, [], CliContext>({
  docs: docs("List tokens, the newest first", "", ["farrier token list --all"]),
  parameters: {
    flags: { ...clientFlags, ...pageFlags, ...watchFlags, all: switchFlag("Include revoked and expired tokens") },
  },
  loader: async () => (await import("../actions/token-list.ts")).tokenListAction,
});
