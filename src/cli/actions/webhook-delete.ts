import { randomUUID } from "node:crypto";
import { WebhookDeleteResponseSchema } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier webhook delete`. */
export interface WebhookDeleteFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier webhook delete` */
export async function webhookDeleteAction(this: CliContext, flags: WebhookDeleteFlags, name: string): Promise<void> {
  const { webhooks } = await operatorClient(flags, this.process.env);
  const message = await webhooks.webhookDelete({ requestId: flags.requestId ?? randomUUID(), name });
  answer(this, flags, {
    schema: WebhookDeleteResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} deleted\n`,
  });
}
