import type { Database } from "../database/connect.ts";
import type { CredentialId, OperationId } from "../database/ids.ts";
import {
  credentialNextAccept,
  credentialNextStore,
  credentialShow,
  type CredentialSealed,
  type StoredCredentialKind,
} from "../database/queries/secret/credential.ts";
import type { Tx } from "../database/transaction.ts";
import type { KeyRing } from "./key-ring.ts";
import { mayReach, type ReachedAddress } from "./may-reach.ts";
import type { SealedPlace } from "./seal.ts";

/** A credential with its secret in clear. The secret leaves the process only to log in where it belongs. */
export interface OpenCredential {
  credentialId: CredentialId;
  name: string;
  kind: StoredCredentialKind;
  userName: string;
  /** A password, or a private key in PEM. */
  secret: string;
  /** The next secret. It is not known whether it is set already, so both must be tried. */
  nextSecret?: string;
  /** Whether the secret may be sent to this address. Call it with the resolved address before sending. */
  mayReach(address: ReachedAddress): boolean;
}

/** The place that a credential's secret is sealed for. */
export function credentialPlace(credentialId: CredentialId, purpose: "secret" | "next-secret"): SealedPlace {
  return { table: "credential", row: credentialId, purpose };
}

/** The place that the password of an operation is sealed for. */
export function operationPasswordPlace(operationId: OperationId): SealedPlace {
  return { table: "controller_operation", row: operationId, purpose: "password" };
}

/**
 * Reads a credential and opens its secret.
 * @throws {DatabaseError} `not_found`, `unavailable`; {SecretsError} `key_missing`, `altered`
 */
export async function credentialOpen(
  database: Database,
  ring: Pick<KeyRing, "open">,
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
 * Stores the next secret before it is set at the controller or machine, so that a crash in between loses neither
 * secret. Returns it as it was sealed.
 * @throws {SecretsError} `key_missing`; {DatabaseError} `unavailable`
 */
export async function credentialNextSeal(
  source: Database["kysely"] | Tx,
  ring: Pick<KeyRing, "seal">,
  credentialId: CredentialId,
  secret: string,
): Promise<Uint8Array> {
  const sealed = ring.seal(credentialPlace(credentialId, "next-secret"), Buffer.from(secret));
  await credentialNextStore(source, credentialId, sealed);
  return sealed;
}

/**
 * Makes the next secret the current one, after a login with it succeeded. If there is no next secret, or another one
 * was stored meanwhile, nothing happens.
 * @throws {DatabaseError} `not_found`, `unavailable`; {SecretsError} `key_missing`, `altered`
 */
export async function credentialNextTake(
  database: Database,
  ring: Pick<KeyRing, "seal" | "open">,
  taken: { credentialId: CredentialId; by: string },
): Promise<void> {
  const { credentialId, by } = taken;
  const { sealedNextSecret: before } = await credentialShow(database, { credentialId });
  if (before === undefined) {
    return;
  }
  const secret = ring.open(credentialPlace(credentialId, "next-secret"), before);
  const sealedSecret = ring.seal(credentialPlace(credentialId, "secret"), secret);
  await credentialNextAccept(database, { credentialId, before, sealedSecret, rotatedBy: by });
}

/**
 * Seals a shared credential's secrets for a copy of it with its own id.
 * @throws {SecretsError} `key_missing`, `altered`
 */
export function credentialCopySeal(
  ring: Pick<KeyRing, "seal" | "open">,
  shared: CredentialSealed,
  copy: CredentialId,
): { sealedSecret: Uint8Array; sealedNextSecret: Uint8Array | undefined } {
  const anew = (purpose: "secret" | "next-secret", sealed: Uint8Array): Uint8Array =>
    ring.seal(credentialPlace(copy, purpose), ring.open(credentialPlace(shared.credentialId, purpose), sealed));
  return {
    sealedSecret: anew("secret", shared.sealedSecret),
    sealedNextSecret: shared.sealedNextSecret === undefined ? undefined : anew("next-secret", shared.sealedNextSecret),
  };
}
