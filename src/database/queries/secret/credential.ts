import { sql } from "kysely";
import { errorCode } from "../../../lib/errors.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation, translate } from "../../errors.ts";
import type { CredentialId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { secretsCommandOnce, type SecretsCommand } from "./secrets-command.ts";
import { present } from "../../../lib/defined.ts";

/** The kinds of credentials: a management controller's password, a machine's password, a machine's private key. */
export const storedCredentialKinds = ["bmc", "ssh-password", "ssh-key"] as const;
export type StoredCredentialKind = (typeof storedCredentialKinds)[number];

/** A credential as recorded, without its secret. */
export interface CredentialRecord {
  credentialId: CredentialId;
  name: string;
  kind: StoredCredentialKind;
  userName: string;
  /** Networks in CIDR notation, and host names: the only addresses that the secret may be sent to. */
  allowed: readonly string[];
  /** The id of the key that sealed the secret. */
  keyId: string;
  /** Whether that key was given up: the secret can't be opened. */
  keyLost: boolean;
  /** Whether a next secret is stored, which is to replace the current one. */
  nextStored: boolean;
  createdAt: Date;
  createdBy: string;
  rotatedAt?: Date;
  rotatedBy?: string;
}

/** A credential with its sealed secrets. Only `src/secrets` opens them. */
export interface CredentialSealed extends CredentialRecord {
  sealedSecret: Uint8Array;
  sealedNextSecret?: Uint8Array;
}

interface CredentialRow {
  credential_id: CredentialId;
  credential_name: string;
  kind: string;
  user_name: string;
  allowed: string[];
  key_id: string;
  key_lost: boolean;
  next_stored: boolean;
  created_at: Date;
  created_by: string;
  rotated_at: Date | null;
  rotated_by: string | null;
}

const columns = sql`
  credential_id, credential_name, kind, user_name, allowed, sealed_key(sealed_secret) AS key_id,
  EXISTS (SELECT FROM secrets_key k WHERE k.key_id = sealed_key(sealed_secret) AND k.state = 'lost') AS key_lost,
  sealed_next_secret IS NOT NULL AS next_stored, created_at, created_by, rotated_at, rotated_by`;

function record(row: CredentialRow): CredentialRecord {
  return {
    credentialId: row.credential_id,
    name: row.credential_name,
    // A CHECK of the table guarantees this.
    kind: row.kind as StoredCredentialKind,
    userName: row.user_name,
    allowed: row.allowed,
    keyId: row.key_id,
    keyLost: row.key_lost,
    nextStored: row.next_stored,
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...present({ rotatedAt: row.rotated_at, rotatedBy: row.rotated_by }),
  };
}

/**
 * Stores a credential, once per request id; resolves to its id.
 * @throws {DatabaseError} `exists` if another credential has the name; `request_id_reused`; `unavailable`
 */
export async function credentialCreate(
  database: Database,
  command: SecretsCommand & {
    credentialId: CredentialId;
    name: string;
    kind: StoredCredentialKind;
    userName: string;
    allowed: readonly string[];
    sealedSecret: Uint8Array;
    createdBy: string;
  },
): Promise<CredentialId> {
  const { name } = command;
  try {
    await secretsCommandOnce(database, command, async (tx) => {
      await sql`
        INSERT INTO credential (credential_id, credential_name, kind, user_name, allowed, sealed_secret, created_by)
        VALUES (${command.credentialId}, ${name}, ${command.kind}, ${command.userName}, ${[...command.allowed]}::text[],
          ${Buffer.from(command.sealedSecret)}, ${command.createdBy})`.execute(tx);
      return { credentialId: command.credentialId };
    });
    return command.credentialId;
  } catch (error) {
    if (isUniqueViolation(error) === undefined) {
      throw error;
    }
    throw new DatabaseError(
      "exists",
      `there is a credential named "${name}": \`farrier credential rotate --help\` says how to replace its secret; or choose ` +
        "another name",
      { cause: error },
    );
  }
}

/** Lists credentials by name; `after` is the last name of the previous page. @throws {DatabaseError} `unavailable` */
export async function credentialList(
  database: Database,
  page: { limit: number; after?: string },
): Promise<CredentialRecord[]> {
  const { rows } = await sql<CredentialRow>`
    SELECT ${columns} FROM credential WHERE ${page.after ?? ""} = '' OR credential_name > ${page.after ?? ""}
    ORDER BY credential_name LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => record(row));
}

/** Reads a credential by name or id. @throws {DatabaseError} `not_found`; `unavailable` */
export async function credentialShow(
  database: Database,
  credential: { name: string } | { credentialId: CredentialId },
): Promise<CredentialSealed> {
  return credentialIn(database.kysely, credential);
}

/** Like {@link credentialShow}, also within a transaction. @throws {DatabaseError} `not_found`; `unavailable` */
export async function credentialIn(
  source: Database["kysely"] | Tx,
  credential: { name: string } | { credentialId: CredentialId },
): Promise<CredentialSealed> {
  const condition =
    "name" in credential ? sql`credential_name = ${credential.name}` : sql`credential_id = ${credential.credentialId}`;
  const { rows } = await sql<CredentialRow & { sealed_secret: Buffer; sealed_next_secret: Buffer | null }>`
    SELECT ${columns}, sealed_secret, sealed_next_secret FROM credential WHERE ${condition}`
    .execute(source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  if (row === undefined) {
    throw credentialUnknown("name" in credential ? credential.name : credential.credentialId);
  }
  return {
    ...record(row),
    sealedSecret: row.sealed_secret,
    ...present({ sealedNextSecret: row.sealed_next_secret }),
  };
}

function credentialUnknown(name: string): DatabaseError {
  return new DatabaseError(
    "not_found",
    `there is no credential "${name}": \`farrier credential list\` shows all that there are`,
  );
}

/**
 * Replaces a credential's secret, once per request id; a stored next secret is deleted.
 * @throws {DatabaseError} `not_found`; `request_id_reused`; `unavailable`
 */
export async function credentialRotate(
  database: Database,
  command: SecretsCommand & { credentialId: CredentialId; sealedSecret: Uint8Array; rotatedBy: string },
): Promise<void> {
  await secretsCommandOnce(database, command, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable("credential")
      .set({
        sealed_secret: Buffer.from(command.sealedSecret),
        sealed_next_secret: null,
        rotated_at: sql<Date>`now()`,
        rotated_by: command.rotatedBy,
      })
      .where("credential_id", "=", command.credentialId)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) {
      throw credentialUnknown(command.credentialId);
    }
    return { credentialId: command.credentialId };
  });
}

/**
 * Deletes an unused credential, once per request id.
 * @throws {DatabaseError} `not_found`; `refused` while a machine's management controller uses it; `request_id_reused`;
 * `unavailable`
 */
export async function credentialDelete(database: Database, command: SecretsCommand & { name: string }): Promise<void> {
  const { name } = command;
  await secretsCommandOnce(database, command, async (tx) => {
    const { numDeletedRows } = await tx.deleteFrom("credential").where("credential_name", "=", name).executeTakeFirst();
    if (numDeletedRows === 0n) {
      throw credentialUnknown(name);
    }
    return {};
  }).catch((error: unknown) => {
    // 23503 foreign_key_violation, 23001 restrict_violation (PostgreSQL 18): a row of another table refers to it.
    throw ["23503", "23001"].includes(errorCode(error) ?? "")
      ? new DatabaseError(
          "refused",
          `credential "${name}" is in use by a machine's management controller or SSH account. Give that another credential first`,
          { cause: error },
        )
      : error;
  });
}

/** Stores the next secret, before it is set at the controller. */
export async function credentialNextStore(
  source: Database["kysely"] | Tx,
  credentialId: CredentialId,
  sealedNextSecret: Uint8Array,
): Promise<void> {
  await source
    .updateTable("credential")
    .set({ sealed_next_secret: Buffer.from(sealedNextSecret) })
    .where("credential_id", "=", credentialId)
    .execute()
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** Deletes the next secret, unless another next secret was stored meanwhile. @param before the next secret as it was read */
export async function credentialNextDrop(
  source: Database["kysely"] | Tx,
  credentialId: CredentialId,
  before: Uint8Array,
): Promise<void> {
  await source
    .updateTable("credential")
    .set({ sealed_next_secret: null })
    .where("credential_id", "=", credentialId)
    .where("sealed_next_secret", "=", Buffer.from(before))
    .execute()
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** Makes a secret that has just logged in the current secret; a next secret is deleted. */
export async function credentialProven(
  tx: Tx,
  proven: { credentialId: CredentialId; sealedSecret: Uint8Array; rotatedBy: string },
): Promise<void> {
  await tx
    .updateTable("credential")
    .set({
      sealed_secret: Buffer.from(proven.sealedSecret),
      sealed_next_secret: null,
      rotated_at: sql<Date>`now()`,
      rotated_by: proven.rotatedBy,
    })
    .where("credential_id", "=", proven.credentialId)
    .execute();
}

/**
 * Makes the next secret the current one, unless another next secret was stored meanwhile. Returns whether it did.
 * @param change `before` is the next secret as it was read; `sealedSecret` is the same secret, sealed as the current
 * one
 */
export async function credentialNextAccept(
  database: Database,
  change: { credentialId: CredentialId; before: Uint8Array; sealedSecret: Uint8Array; rotatedBy: string },
): Promise<boolean> {
  const { numUpdatedRows } = await database.kysely
    .updateTable("credential")
    .set({
      sealed_secret: Buffer.from(change.sealedSecret),
      sealed_next_secret: null,
      rotated_at: sql<Date>`now()`,
      rotated_by: change.rotatedBy,
    })
    .where("credential_id", "=", change.credentialId)
    .where("sealed_next_secret", "=", Buffer.from(change.before))
    .executeTakeFirst()
    .catch((error: unknown) => Promise.reject(translate(error)));
  return numUpdatedRows > 0n;
}
