import { buildCommand } from "@stricli/core";
import type { SessionListFlags } from "../actions/session-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { watchFlags } from "../flags/watch.ts";

export const sessionListCommand = buildCommand<SessionListFlags, [], CliContext>({
  docs: docs("List the live components", "", ["farrier session list"]),
  parameters: { flags: { ...clientFlags, ...watchFlags } },
  loader: async () => (await import("../actions/session-list.ts")).sessionListAction,
});
