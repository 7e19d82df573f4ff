import { randomUUID } from "node:crypto";
import { SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { PolicySetResponseSchema } from "../../../gen/farrier/operator/v1/policy_pb.ts";
import { policyRuleWords } from "../../contract/catalogue/policy-rule-words.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier policy set`. */
export interface PolicySetFlags extends ClientFlags {
  source: readonly string[] | undefined;
  minisignKey: readonly string[] | undefined;
  cosignKey: readonly string[] | undefined;
  catalogueOnly: boolean | undefined;
  requestId: string | undefined;
}

/** Maximum bytes of a key. */
const keyMost = 16_384;

/** `farrier policy set` */
export async function policySetAction(this: CliContext, flags: PolicySetFlags, name: string): Promise<void> {
  const { source = [], minisignKey = [], cosignKey = [], catalogueOnly = false } = flags;
  const said = [source.length > 0, minisignKey.length + cosignKey.length > 0, catalogueOnly];
  if (said.filter((given) => given).length !== 1) {
    throw new CliError(
      "usage",
      "expected exactly one of --source, a key (--minisign-key, --cosign-key) and --catalogue-only: make a rule for each",
    );
  }
  const read = (flag: string, format: SignatureFormat) => async (path: string) => ({
    format,
    publicKey: await fileFlagRead(flag, path, keyMost),
  });
  const keys = await Promise.all([
    ...minisignKey.map(read("--minisign-key", SignatureFormat.MINISIGN)),
    ...cosignKey.map(read("--cosign-key", SignatureFormat.COSIGN)),
  ]);
  const { policy } = await operatorClient(flags, this.process.env);
  const message = await policy.policySet({
    requestId: flags.requestId ?? randomUUID(),
    name,
    sources: [...source],
    keys,
    catalogueOnly,
  });
  const { rule } = message;
  answer(this, flags, {
    schema: PolicySetResponseSchema,
    message,
    names: () => [name],
    text: () => (rule === undefined ? `${name} set\n` : `${name}: ${policyRuleWords(rule)}\n`),
  });
}
