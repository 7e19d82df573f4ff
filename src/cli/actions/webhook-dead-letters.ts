import { create } from "@bufbuild/protobuf";
import { WebhookDeadLetterListResponseSchema } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier webhook dead-letters`. */
export interface WebhookDeadLettersFlags extends ClientFlags, WatchFlags, PageFlags {}

/** `farrier webhook dead-letters` */
export async function webhookDeadLettersAction(
  this: CliContext,
  flags: WebhookDeadLettersFlags,
  name: string,
): Promise<void> {
  const { webhooks } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await webhooks.webhookDeadLetterList({ ...page, name });
      return { items: response.deadLetters, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: WebhookDeadLetterListResponseSchema,
      message: create(WebhookDeadLetterListResponseSchema, { deadLetters: items, nextPageToken }),
      names: () => items.map(({ eventId }) => eventId),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["ID", "EVENT", "MACHINE", "HAPPENED", "GIVEN UP", "TRIES", { title: "WHY", wrapped: true }],
              items.map((item) => [
                item.eventId,
                item.event,
                item.machineName || item.machineId,
                when(item.at, now),
                when(item.diedAt, now),
                String(item.attempts),
                item.failure,
              ]),
            ),
      note: items.length === 0 ? `no event of ${name} was given up` : more,
    });
  });
}
