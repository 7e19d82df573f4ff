import { StoredCredentialKind } from "../../../gen/farrier/operator/v1/credential_pb.ts";

/** The words of `--kind`. */
export const credentialKindWords = ["bmc", "ssh-password", "ssh-key"] as const;

/** A word of `--kind`. */
export type CredentialKindWord = (typeof credentialKindWords)[number];

/** The contract's number of each kind. */
export const credentialKindOf: Record<CredentialKindWord, StoredCredentialKind> = {
  bmc: StoredCredentialKind.BMC,
  "ssh-password": StoredCredentialKind.SSH_PASSWORD,
  "ssh-key": StoredCredentialKind.SSH_KEY,
};

/** The word for a kind; its number if this version does not know it. */
export function credentialKindWord(kind: StoredCredentialKind): string {
  return credentialKindWords.find((word) => credentialKindOf[word] === kind) ?? `kind ${String(kind)}`;
}
