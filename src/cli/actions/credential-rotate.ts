import { randomUUID } from "node:crypto";
import { CredentialRotateResponseSchema } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { secretFileRead } from "../line/secret-file.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier credential rotate`. */
export interface CredentialRotateFlags extends ClientFlags {
  secretFile: string;
  requestId: string | undefined;
}

/** `farrier credential rotate` */
export async function credentialRotateAction(
  this: CliContext,
  flags: CredentialRotateFlags,
  name: string,
): Promise<void> {
  const secret = await secretFileRead("--secret-file", flags.secretFile);
  const { credentials } = await operatorClient(flags, this.process.env);
  const message = await credentials.credentialRotate({ requestId: flags.requestId ?? randomUUID(), name, secret });
  answer(this, flags, {
    schema: CredentialRotateResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} replaced\n`,
  });
}
