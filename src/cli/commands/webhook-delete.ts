import { buildCommand } from "@stricli/core";
import type { WebhookDeleteFlags } from "../actions/webhook-delete.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { docs } from "../line/docs.ts";
import { oneWebhook } from "../line/catalogue-parameters.ts";

export const webhookDeleteCommand = buildCommand<WebhookDeleteFlags, [string], CliContext>({
  docs: docs("Delete a webhook, with the events that wait for it and its dead letters", "", [
    "farrier webhook delete tickets",
  ]),
  parameters: { flags: { ...clientFlags, requestId: requestIdFlag }, positional: oneWebhook },
  loader: async () => (await import("../actions/webhook-delete.ts")).webhookDeleteAction,
});
