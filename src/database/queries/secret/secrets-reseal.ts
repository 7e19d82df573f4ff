import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import type { CredentialId, Generation, MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";

/** An installation request that is in clear text, or sealed by another key than the current one. */
export interface RequestToSeal {
  machineId: MachineId;
  generation: Generation;
  stored: Uint8Array;
}

/**
 * Reads up to `limit` requests that are in clear text or sealed by one of the keys, except those of the machines in
 * `leftOut`.
 * @throws {DatabaseError} `unavailable`
 */
export async function requestsToSeal(
  database: Database,
  page: { keyIds: readonly string[]; leftOut: readonly MachineId[]; limit: number },
): Promise<RequestToSeal[]> {
  return transact(database, null, async (tx) => {
    // Forces the index on the key, whatever the table's statistics say: otherwise this might read a million requests to
    // find none.
    await sql`SET LOCAL enable_seqscan = off`.execute(tx);
    const found = async (condition: ReturnType<typeof sql>, limit: number): Promise<RequestToSeal[]> => {
      const { rows } = await sql<{ machine_id: MachineId; generation: Generation; stored: Buffer }>`
        SELECT q.machine_id, q.generation, q.os_installation_request_raw AS stored
        FROM machine_os_installation_request q
        WHERE ${condition} AND q.machine_id <> ALL (${[...page.leftOut]}::uuid[]) LIMIT ${limit}`.execute(tx);
      return rows.map((row) => ({ machineId: row.machine_id, generation: row.generation, stored: row.stored }));
    };
    const clear = await found(sql`sealed_key(q.os_installation_request_raw) IS NULL`, page.limit);
    const left = page.limit - clear.length;
    return left === 0 || page.keyIds.length === 0
      ? clear
      : [
          ...clear,
          ...(await found(sql`sealed_key(q.os_installation_request_raw) = ANY (${[...page.keyIds]}::text[])`, left)),
        ];
  });
}

/**
 * Replaces stored requests by their sealed bytes, unless a request has changed since it was read. Returns the number of
 * replaced requests.
 * @throws {DatabaseError} `unavailable`, `locked`
 */
export async function requestsReseal(
  database: Database,
  requests: readonly (RequestToSeal & { sealed: Uint8Array })[],
): Promise<number> {
  const inOrder = requests.toSorted((one, other) => (one.machineId < other.machineId ? -1 : 1));
  return transact(database, null, async (tx) => {
    const { rows } = await sql`
      UPDATE machine_os_installation_request q SET os_installation_request_raw = n.sealed
      FROM unnest(
        ${inOrder.map(({ machineId }) => machineId)}::uuid[], ${inOrder.map(({ generation }) => String(generation))}::bigint[],
        ${inOrder.map(({ stored }) => Buffer.from(stored))}::bytea[], ${inOrder.map(({ sealed }) => Buffer.from(sealed))}::bytea[]
      ) n (machine_id, generation, stored, sealed)
      WHERE q.machine_id = n.machine_id AND q.generation = n.generation AND q.os_installation_request_raw = n.stored
      RETURNING q.machine_id`.execute(tx);
    return rows.length;
  });
}

/** A credential's sealed secrets. */
export interface CredentialToSeal {
  credentialId: CredentialId;
  name: string;
  secret: Uint8Array;
  nextSecret: Uint8Array | null;
}

/** Reads the credentials with a secret that one of the keys sealed. @throws {DatabaseError} `unavailable` */
export async function credentialsToSeal(database: Database, keyIds: readonly string[]): Promise<CredentialToSeal[]> {
  return transact(database, null, async (tx) => {
    const { rows } = await sql<{
      credential_id: CredentialId;
      credential_name: string;
      sealed_secret: Buffer;
      sealed_next_secret: Buffer | null;
    }>`
      SELECT credential_id, credential_name, sealed_secret, sealed_next_secret FROM credential
      WHERE sealed_key(sealed_secret) = ANY (${[...keyIds]}::text[])
        OR (sealed_next_secret IS NOT NULL AND sealed_key(sealed_next_secret) = ANY (${[...keyIds]}::text[]))
      ORDER BY credential_id LIMIT 1000`.execute(tx);
    return rows.map((row) => ({
      credentialId: row.credential_id,
      name: row.credential_name,
      secret: row.sealed_secret,
      nextSecret: row.sealed_next_secret,
    }));
  });
}

/** Replaces a credential's sealed secrets, unless they have changed since they were read. Returns whether it did. */
export async function credentialReseal(
  database: Database,
  { credentialId, secret, nextSecret }: CredentialToSeal,
  sealed: { secret: Uint8Array; nextSecret: Uint8Array | null },
): Promise<boolean> {
  const bytes = (value: Uint8Array | null): Buffer | null => (value === null ? null : Buffer.from(value));
  return transact(database, null, async (tx) => {
    const { rows } = await sql`
      UPDATE credential SET sealed_secret = ${bytes(sealed.secret)}, sealed_next_secret = ${bytes(sealed.nextSecret)}
      WHERE credential_id = ${credentialId} AND sealed_secret = ${bytes(secret)}
        AND sealed_next_secret IS NOT DISTINCT FROM ${bytes(nextSecret)}::bytea
      RETURNING credential_id`.execute(tx);
    return rows.length > 0;
  });
}
