import { randomUUID } from "node:crypto";
import { TokenCreateResponseSchema } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { roleValues, type RoleWord } from "../../contract/words/role.ts";
import { until } from "../show/until.ts";

/** Flags of `farrier token create`. */
export interface TokenCreateFlags extends ClientFlags {
  role: RoleWord;
  expires: number | undefined;
  requestId: string | undefined;
}

/** `farrier token create` */
export async function tokenCreateAction(this: CliContext, flags: TokenCreateFlags, name: string): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  const message = await access.tokenCreate({
    requestId: flags.requestId ?? randomUUID(),
    name,
    role: roleValues[flags.role],
    expiresInSeconds: BigInt(flags.expires ?? 0),
  });
  const { token, secret } = message;
  answer(this, flags, {
    schema: TokenCreateResponseSchema,
    message,
    names: () => [token?.name ?? name],
    text: () => (secret === "" ? "" : `${secret}\n`),
    note:
      secret === ""
        ? "this token already exists; its secret was printed when it was made: if the secret is lost, revoke the token and make another"
        : `token of ${token?.name ?? name}, ${flags.role}, expires ${until(token?.expiresAt)}: the secret is shown this once`,
  });
}
