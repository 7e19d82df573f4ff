import { buildCommand } from "@stricli/core";
import type { WebhookDeadLettersFlags } from "../actions/webhook-dead-letters.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";
import { oneWebhook } from "../line/catalogue-parameters.ts";

export const webhookDeadLettersCommand = buildCommand<WebhookDeadLettersFlags, [string], CliContext>({
  docs: docs(
    "List the events of a webhook that were given up",
    "An event is given up after three days, or after 100 tries. It is kept for 30 days: redeliver sends it again.",
    ["farrier webhook dead-letters tickets"],
  ),
  parameters: { flags: { ...clientFlags, ...pageFlags, ...watchFlags }, positional: oneWebhook },
  loader: async () => (await import("../actions/webhook-dead-letters.ts")).webhookDeadLettersAction,
});
