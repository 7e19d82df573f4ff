import { buildCommand } from "@stricli/core";
import type { WebhookTestFlags } from "../actions/webhook-test.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneWebhook } from "../line/catalogue-parameters.ts";

export const webhookTestCommand = buildCommand<WebhookTestFlags, [string], CliContext>({
  docs: docs(
    "Send a made-up event to a webhook now",
    "The exit status is 1 if the receiver did not take it. It is not tried again.",
    ["farrier webhook test tickets"],
  ),
  parameters: { flags: { ...clientFlags }, positional: oneWebhook },
  loader: async () => (await import("../actions/webhook-test.ts")).webhookTestAction,
});
