import { WebhookShowResponseSchema, type Webhook } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier webhook show`. */
export interface WebhookShowFlags extends ClientFlags, WatchFlags {}

/** `farrier webhook show` */
export async function webhookShowAction(this: CliContext, flags: WebhookShowFlags, name: string): Promise<void> {
  const { webhooks } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await webhooks.webhookShow({ name });
    return answerOf({
      schema: WebhookShowResponseSchema,
      message,
      names: () => [name],
      text: ({ now }) => (message.webhook === undefined ? "" : webhookLines(message.webhook, now).join("")),
    });
  });
}

/** Counts end there. */
const countMost = 10_000n;

function webhookLines(webhook: Webhook, now: Date): string[] {
  const line = (title: string, value: string): string => (value === "" ? "" : `${title.padEnd(14)}${value}\n`);
  const count = (number: bigint): string => (number >= countMost ? `at least ${number}` : String(number));
  const { name, waiting, machinesFailing, deadLetters, failure } = webhook;
  const held =
    machinesFailing === 0n ? "" : `, of which those of ${count(machinesFailing)} machines because a try failed`;
  return [
    line("webhook", name),
    line("url", webhook.url),
    line("events", webhook.events.length === 0 ? "all" : webhook.events.join(", ")),
    line("private", webhook.privateAllowed ? "addresses of the site's own network are allowed" : ""),
    line("added", `${when(webhook.createdAt, now)} by ${webhook.createdBy}`),
    line(
      "delivered",
      `${webhook.delivered}${webhook.deliveredAt === undefined ? "" : `, the last ${when(webhook.deliveredAt, now)}`}`,
    ),
    line(
      "waiting",
      waiting === 0n ? "none" : `${count(waiting)}, the oldest from ${when(webhook.oldestWaitingAt, now)}${held}`,
    ),
    line("dead letters", deadLetters === 0n ? "" : `${count(deadLetters)}: \`farrier webhook dead-letters ${name}\``),
    line("last failure", failure === "" ? "" : `${failure} (${when(webhook.failedAt, now)})`),
  ];
}
