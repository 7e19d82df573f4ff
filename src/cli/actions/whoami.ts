import { Credential, WhoAmIResponseSchema } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { roleWords } from "../../contract/words/role.ts";
import { wordOf } from "../../contract/words/table.ts";
import { until } from "../show/until.ts";

/** Flags of `farrier whoami`. */
export type WhoamiFlags = ClientFlags;

const credentials: ReadonlyMap<Credential, string> = new Map([
  [Credential.DATA_DIRECTORY, "the data directory's token"],
  [Credential.TOKEN, "a token"],
  [Credential.CERTIFICATE, "a client certificate"],
]);

/** `farrier whoami` */
export async function whoamiAction(this: CliContext, flags: WhoamiFlags): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  const message = await access.whoAmI({});
  const { name, role, credential, expiresAt } = message;
  const by = credentials.get(credential) ?? `credential ${String(credential)}`;
  const roleText = wordOf(roleWords, role) ?? `role ${String(role)}`;
  const text = (): string => `${name}, ${roleText}, by ${by}, expires ${until(expiresAt)}\n`;
  answer(this, flags, { schema: WhoAmIResponseSchema, message, names: () => [name], text });
}
