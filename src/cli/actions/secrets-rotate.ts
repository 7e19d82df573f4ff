import { randomUUID } from "node:crypto";
import { SecretsRotateResponseSchema } from "../../../gen/farrier/operator/v1/secrets_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier secrets rotate`. */
export interface SecretsRotateFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier secrets rotate` */
export async function secretsRotateAction(this: CliContext, flags: SecretsRotateFlags): Promise<void> {
  const { secrets } = await operatorClient(flags, this.process.env);
  const message = await secrets.secretsRotate({ requestId: flags.requestId ?? randomUUID() });
  answer(this, flags, {
    schema: SecretsRotateResponseSchema,
    message,
    names: () => [message.keyId],
    text: () => `${message.keyId}\n`,
    note:
      `key ${message.keyId} is the next one, in ${message.keyFile} of the server that answered: copy that file to hosts ` +
      "with a key file of their own. `farrier secrets show` names the processes that lack it, and what is left to seal",
  });
}
