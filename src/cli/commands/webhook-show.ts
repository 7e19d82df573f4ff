import { buildCommand } from "@stricli/core";
import type { WebhookShowFlags } from "../actions/webhook-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";
import { oneWebhook } from "../line/catalogue-parameters.ts";

export const webhookShowCommand = buildCommand<WebhookShowFlags, [string], CliContext>({
  docs: docs("Show a webhook: what it wants, what waits, what failed", "", ["farrier webhook show tickets"]),
  parameters: { flags: { ...clientFlags, ...watchFlags }, positional: oneWebhook },
  loader: async () => (await import("../actions/webhook-show.ts")).webhookShowAction,
});
