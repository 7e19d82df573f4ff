import { randomUUID } from "node:crypto";
import { CredentialDeleteResponseSchema } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier credential delete`. */
export interface CredentialDeleteFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier credential delete` */
export async function credentialDeleteAction(
  this: CliContext,
  flags: CredentialDeleteFlags,
  name: string,
): Promise<void> {
  const { credentials } = await operatorClient(flags, this.process.env);
  const message = await credentials.credentialDelete({ requestId: flags.requestId ?? randomUUID(), name });
  answer(this, flags, {
    schema: CredentialDeleteResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} deleted\n`,
  });
}
