import { randomUUID } from "node:crypto";
import { TokenRevokeResponseSchema } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier token revoke`. */
export interface TokenRevokeFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier token revoke` */
export async function tokenRevokeAction(this: CliContext, flags: TokenRevokeFlags, token: string): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  const message = await access.tokenRevoke({ requestId: flags.requestId ?? randomUUID(), token });
  const name = message.token?.name ?? token;
  answer(this, flags, {
    schema: TokenRevokeResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} revoked\n`,
  });
}
