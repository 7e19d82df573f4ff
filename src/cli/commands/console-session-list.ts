import { buildCommand } from "@stricli/core";
import type { ConsoleSessionListFlags } from "../actions/console-session-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";

export const consoleSessionListCommand = buildCommand<ConsoleSessionListFlags, [], CliContext>({
  docs: docs("List the browsers that are signed in as you; for an admin all", "", ["farrier console-session list"]),
  parameters: { flags: { ...clientFlags, ...pageFlags, ...watchFlags } },
  loader: async () => (await import("../actions/console-session-list.ts")).consoleSessionListAction,
});
