import { Code, ConnectError } from "@connectrpc/connect";
import { z } from "zod";
import { sshHostKeyParse } from "../../contract/ssh-host-key.ts";
import { sshTargetParse, sshTargetText, type SshTarget } from "../../contract/ssh-target.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineSsh } from "../../database/queries/machine/machine-ssh.ts";
import { credentialShow } from "../../database/queries/secret/credential.ts";
import { defined } from "../../lib/defined.ts";
import { line, requiredText } from "./validate.ts";

const targetField = line(320).transform((text, context): SshTarget => {
  const target = sshTargetParse(text);
  if ("problem" in target) {
    context.addIssue({ code: "custom", message: target.problem });
    return z.NEVER;
  }
  return target;
});

const hostKeyField = line(16_384).transform((text, context): string | undefined => {
  if (text === "") {
    return undefined;
  }
  const key = sshHostKeyParse(text);
  if ("problem" in key) {
    context.addIssue({ code: "custom", message: key.problem });
    return z.NEVER;
  }
  return key.by === "key" ? key.key : key.fingerprint;
});

/** How a running system is reached by SSH, as an operator gives it; undefined if it is not given. */
export const sshField = z
  .object({ target: targetField, credential: requiredText(128), hostKey: hostKeyField, acceptNew: z.boolean() })
  .refine(({ hostKey, acceptNew }) => (hostKey === undefined) === acceptNew, {
    path: ["hostKey"],
    message:
      "expected the host's public key or its fingerprint (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host shows it), or else accept_new",
  })
  .optional();

/**
 * The same with its credential, which must open this account.
 * @throws {DatabaseError} `not_found`; {ConnectError} failed_precondition
 */
export async function sshOfRequest(
  database: Database,
  ssh: NonNullable<z.output<typeof sshField>>,
): Promise<MachineSsh> {
  const { target, hostKey, credential } = ssh;
  const { credentialId, kind, userName } = await credentialShow(database, { name: credential });
  if (kind === "bmc") {
    throw new ConnectError(
      `credential ${credential} is of kind bmc: expected ssh-password or ssh-key`,
      Code.FailedPrecondition,
    );
  }
  if (userName !== target.user) {
    throw new ConnectError(
      `credential ${credential} is the account ${userName}'s, and ${sshTargetText(target)} names the account ${target.user}: name the same one`,
      Code.FailedPrecondition,
    );
  }
  return { ...target, credentialId, ...defined({ hostKey }) };
}
