import { randomUUID } from "node:crypto";
import { CredentialCreateResponseSchema } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { secretFileRead } from "../line/secret-file.ts";
import { answer } from "../show/answer.ts";
import { credentialKindValues, type CredentialKindWord } from "../../contract/words/credential-kind.ts";

/** Flags of `farrier credential create`. */
export interface CredentialCreateFlags extends ClientFlags {
  kind: CredentialKindWord;
  user: string;
  secretFile: string;
  for: readonly string[];
  requestId: string | undefined;
}

/** `farrier credential create` */
export async function credentialCreateAction(
  this: CliContext,
  flags: CredentialCreateFlags,
  name: string,
): Promise<void> {
  const secret = await secretFileRead("--secret-file", flags.secretFile);
  const { credentials } = await operatorClient(flags, this.process.env);
  const message = await credentials.credentialCreate({
    requestId: flags.requestId ?? randomUUID(),
    name,
    kind: credentialKindValues[flags.kind],
    userName: flags.user,
    secret,
    allowed: [...flags.for],
  });
  const allowed = message.credential?.allowed ?? [];
  answer(this, flags, {
    schema: CredentialCreateResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} stored, for ${allowed.join(", ")}\n`,
  });
}
