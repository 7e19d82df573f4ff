import { create } from "@bufbuild/protobuf";
import { WebhookListResponseSchema } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier webhook list`. */
export interface WebhookListFlags extends ClientFlags, WatchFlags, PageFlags {}

/** `farrier webhook list` */
export async function webhookListAction(this: CliContext, flags: WebhookListFlags): Promise<void> {
  const { webhooks } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await webhooks.webhookList(page);
      return { items: response.webhooks, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: WebhookListResponseSchema,
      message: create(WebhookListResponseSchema, { webhooks: items, nextPageToken }),
      names: () => items.map(({ name }) => name),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              [
                "NAME",
                { title: "URL", wrapped: true },
                { title: "EVENTS", wrapped: true },
                "DELIVERED",
                "WAITING",
                "DEAD",
                "LAST FAILURE",
              ],
              items.map((item) => [
                item.name,
                item.url,
                item.events.length === 0 ? "all" : item.events.join(", "),
                String(item.delivered),
                String(item.waiting),
                String(item.deadLetters),
                when(item.failedAt, now),
              ]),
            ),
      note: items.length === 0 ? "no webhooks: `farrier webhook add --help` says how to add one" : more,
    });
  });
}
