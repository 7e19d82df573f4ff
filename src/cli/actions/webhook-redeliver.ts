import { randomUUID } from "node:crypto";
import { WebhookRedeliverResponseSchema } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier webhook redeliver`. */
export interface WebhookRedeliverFlags extends ClientFlags {
  event: readonly string[] | undefined;
  requestId: string | undefined;
}

/** `farrier webhook redeliver` */
export async function webhookRedeliverAction(
  this: CliContext,
  flags: WebhookRedeliverFlags,
  name: string,
): Promise<void> {
  const { webhooks } = await operatorClient(flags, this.process.env);
  const message = await webhooks.webhookRedeliver({
    requestId: flags.requestId ?? randomUUID(),
    name,
    eventIds: [...(flags.event ?? [])],
  });
  const { events } = message;
  answer(this, flags, {
    schema: WebhookRedeliverResponseSchema,
    message,
    names: () => [name],
    text: () => `${events} ${events === 1n ? "event waits" : "events wait"} again for ${name}\n`,
  });
}
