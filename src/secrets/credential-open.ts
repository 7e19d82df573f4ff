import type { Database } from "../database/connect.ts";
import type { CredentialId } from "../database/ids.ts";
import {
  credentialNextAccept,
  credentialNextStore,
  credentialShow,
  type StoredCredentialKind,
} from "../database/queries/secret/credential.ts";
import type { KeyRing } from "./key-ring.ts";
import { mayReach, type ReachedAddress } from "./may-reach.ts";
import type { SealedPlace } from "./seal.ts";

/** A credential with its secret. It stays in the process, and goes nowhere but to what it opens. */
export interface OpenCredential {
  credentialId: CredentialId;
  name: string;
  kind: StoredCredentialKind;
  userName: string;
  /** A password, or a private key in PEM. */
  secret: string;
  /** The secret that is to replace it: whether it is set already where it opens is not known. Both are to be tried. */
  nextSecret?: string;
  /** Where it may be sent: to be asked with the resolved address, before anything is sent. */
  mayReach(address: ReachedAddress): boolean;
}

/** Where a credential's secret belongs. */
export function credentialPlace(credentialId: CredentialId, purpose: "secret" | "next-secret"): SealedPlace {
  return { table: "credential", row: credentialId, purpose };
}

/**
 * Reads a credential and opens its secret.
 * @throws {DatabaseError} `not_found`, `unavailable`; {SecretsError} `key_missing`, `altered`
 */
export async function credentialOpen(
  database: Database,
  ring: KeyRing,
  credentialId: CredentialId,
): Promise<OpenCredential> {
  const { name, kind, userName, allowed, sealedSecret, sealedNextSecret } = await credentialShow(database, {
    credentialId,
  });
  const opened = (purpose: "secret" | "next-secret", sealed: Uint8Array): string =>
    Buffer.from(ring.open(credentialPlace(credentialId, purpose), sealed)).toString("utf8");
  return {
    credentialId,
    name,
    kind,
    userName,
    secret: opened("secret", sealedSecret),
    ...(sealedNextSecret === undefined ? {} : { nextSecret: opened("next-secret", sealedNextSecret) }),
    mayReach: (address) => mayReach(allowed, address),
  };
}

/**
 * Stores the secret that is about to be set where the credential opens, so that a crash in between loses neither.
 * @throws {SecretsError} `key_missing`; {DatabaseError} `unavailable`
 */
export async function credentialNextSeal(
  database: Database,
  ring: KeyRing,
  credentialId: CredentialId,
  secret: string,
): Promise<void> {
  const sealed = ring.seal(credentialPlace(credentialId, "next-secret"), Buffer.from(secret));
  await credentialNextStore(database, credentialId, sealed);
}

/**
 * Makes the next secret the credential's own, once it was seen to open; or forgets it, once it was seen not to.
 * Nothing happens where there is none, or another one by now.
 * @throws {DatabaseError} `not_found`, `unavailable`; {SecretsError} `key_missing`, `altered`
 */
export async function credentialNextSettle(
  database: Database,
  ring: KeyRing,
  settled: { credentialId: CredentialId; opens: boolean; by: string },
): Promise<void> {
  const { credentialId, opens, by } = settled;
  const { sealedNextSecret: before } = await credentialShow(database, { credentialId });
  if (before === undefined) {
    return;
  }
  if (!opens) {
    await credentialNextStore(database, credentialId, null);
    return;
  }
  const secret = ring.open(credentialPlace(credentialId, "next-secret"), before);
  const sealedSecret = ring.seal(credentialPlace(credentialId, "secret"), secret);
  await credentialNextAccept(database, { credentialId, before, sealedSecret, rotatedBy: by });
}
