import { randomUUID } from "node:crypto";
import {
  SecretsRotateResponseSchema,
  type SecretsRotateResponse,
} from "../../../gen/farrier/operator/v1/secrets_pb.ts";
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
    note: noteOf(message),
  });
}

function noteOf({ keyId, keyFile, held, holding }: SecretsRotateResponse): string {
  const [holder] = holding;
  const lacking = "`farrier secrets show` names the processes that lack it, and what is left to seal";
  if (held) {
    return `key ${keyId} is the next one, in ${keyFile} of the server that answered: add its line to the key files of other hosts. ${lacking}`;
  }
  return holder === undefined
    ? `key ${keyId} is the next one, and no process has it. If it is in no key file any more: \`farrier secrets give-up ${keyId} --yes\``
    : `key ${keyId} is the next one, in ${holder.keyFile} of ${holder.component} ${holder.runtimeInfo}: add its line to the key files of other hosts. ${lacking}`;
}
