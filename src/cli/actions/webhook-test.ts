import { WebhookTestResponseSchema } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier webhook test`. */
export type WebhookTestFlags = ClientFlags;

/** `farrier webhook test` */
export async function webhookTestAction(this: CliContext, flags: WebhookTestFlags, name: string): Promise<void> {
  const { webhooks } = await operatorClient(flags, this.process.env);
  const message = await webhooks.webhookTest({ name });
  const { delivered, outcome } = message;
  answer(this, flags, {
    schema: WebhookTestResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} ${delivered ? "took" : "did not take"} the event: ${outcome}\n`,
  });
  if (!delivered) {
    this.process.exitCode = exitStatus.failed;
  }
}
