import { buildCommand } from "@stricli/core";
import type { WebhookListFlags } from "../actions/webhook-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";

export const webhookListCommand = buildCommand<WebhookListFlags, [], CliContext>({
  docs: docs("List webhooks", "", ["farrier webhook list"]),
  parameters: { flags: { ...clientFlags, ...pageFlags, ...watchFlags } },
  loader: async () => (await import("../actions/webhook-list.ts")).webhookListAction,
});
