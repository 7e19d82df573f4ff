import { WebhookService } from "../../../../gen/farrier/operator/v1/webhook_pb.ts";

/** Milliseconds between two looks while the page is seen: no stream tells of deliveries. */
export const webhooksEvery = 5_000;

/** The webhooks by name; the page says so where there are more. */
export const webhooksQuery = { method: WebhookService.method.webhookList, input: { pageSize: 200 } } as const;

/** The oldest events of a webhook that were given up. Pure. */
export function deadLettersQuery(name: string) {
  return { method: WebhookService.method.webhookDeadLetterList, input: { name, pageSize: 100 } } as const;
}
