import { buildCommand } from "@stricli/core";
import type { WebhookRedeliverFlags } from "../actions/webhook-redeliver.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { repeatedFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { oneWebhook } from "../line/catalogue-parameters.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const webhookRedeliverCommand = buildCommand<WebhookRedeliverFlags, [string], CliContext>({
  docs: docs("Send events again that were given up", "All dead letters of the webhook, or those that --event names.", [
    "farrier webhook redeliver tickets",
    "farrier webhook redeliver tickets --event 4711 --event 4712",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      event: repeatedFlag("Id of one event, as dead-letters shows it (default: all)", "ID"),
      requestId: requestIdFlag,
    },
    positional: oneWebhook,
  },
  loader: async () => (await import("../actions/webhook-redeliver.ts")).webhookRedeliverAction,
});
