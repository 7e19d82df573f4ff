import { StoredCredentialKind } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { valuesByWord } from "./table.ts";

/** What a stored credential opens. */
export const credentialKindWords = {
  [StoredCredentialKind.BMC]: "bmc",
  [StoredCredentialKind.SSH_PASSWORD]: "ssh-password",
  [StoredCredentialKind.SSH_KEY]: "ssh-key",
} as const satisfies Record<Exclude<StoredCredentialKind, 0>, string>;

/** A kind by its word. */
export const credentialKindValues = valuesByWord(credentialKindWords);

/** A kind's word. */
export type CredentialKindWord = keyof typeof credentialKindValues;
