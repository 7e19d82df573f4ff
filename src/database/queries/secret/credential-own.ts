import { sql } from "kysely";
import { DatabaseError } from "../../errors.ts";
import type { CredentialId, MachineId } from "../../ids.ts";
import { machineLock } from "../../machine-lock.ts";
import type { Tx } from "../../transaction.ts";
import { credentialIn, type CredentialSealed } from "./credential.ts";

/** The credential that a controller has for itself. */
export interface OwnCredential {
  credentialId: CredentialId;
  name: string;
  /** Whether it was made now, because other controllers use the one before. */
  made: boolean;
}

/**
 * Finds the credential of a machine's controller, to change its password there. If other controllers use the credential,
 * this controller gets a copy of its own first: a password that is changed in one place would lock Farrier out of the
 * others. Other machines of the same controller and account go over to the same credential.
 * @param own.seal seals the secrets of the shared credential for the copy
 * @throws {DatabaseError} `not_found` if the machine has no controller; `exists` if the copy's names are taken
 */
export async function credentialOwn(
  tx: Tx,
  machineId: MachineId,
  own: {
    credentialId: CredentialId;
    createdBy: string;
    seal: (shared: CredentialSealed) => { sealedSecret: Uint8Array; sealedNextSecret: Uint8Array | undefined };
  },
): Promise<OwnCredential> {
  await machineLock(tx, machineId);
  const { rows } = await sql<{ url: string; credential_id: CredentialId; machine: string; shared: boolean }>`
    SELECT c.url, c.credential_id, coalesce(m.name, m.machine_id::text) AS machine,
      EXISTS (SELECT FROM machine_controller x WHERE x.credential_id = c.credential_id AND x.url <> c.url) AS shared
    FROM machine_controller c
    JOIN machines m ON m.machine_id = c.machine_id
    JOIN credential r ON r.credential_id = c.credential_id
    WHERE c.machine_id = ${machineId} FOR UPDATE OF r`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    throw new DatabaseError("not_found", "this machine has no controller: `farrier bmc add --help` says how to add it");
  }
  const before = await credentialIn(tx, { credentialId: row.credential_id });
  const name = row.shared ? await freeName(tx, row.machine, machineId) : before.name;
  const credentialId = row.shared ? own.credentialId : before.credentialId;
  if (row.shared) {
    const { sealedSecret, sealedNextSecret } = own.seal(before);
    await tx
      .insertInto("credential")
      .values({
        credential_id: credentialId,
        credential_name: name,
        kind: before.kind,
        user_name: before.userName,
        allowed: [...before.allowed],
        sealed_secret: Buffer.from(sealedSecret),
        sealed_next_secret: sealedNextSecret === undefined ? null : Buffer.from(sealedNextSecret),
        created_by: own.createdBy,
      })
      .execute();
  }
  await sql`
    UPDATE machine_controller c SET credential_id = ${credentialId}
    FROM credential r
    WHERE r.credential_id = c.credential_id AND c.url = ${row.url} AND r.user_name = ${before.userName}
      AND c.credential_id <> ${credentialId}`.execute(tx);
  return { credentialId, name, made: row.shared };
}

/** A name for the machine's own credential that no other credential has. @throws {DatabaseError} `exists` */
async function freeName(tx: Tx, machine: string, machineId: MachineId): Promise<string> {
  const names = [ownCredentialName(machine), `bmc-${machineId}`];
  const { rows } = await sql<{ name: string }>`
    SELECT credential_name AS name FROM credential WHERE credential_name = ANY (${names}::text[])`.execute(tx);
  const free = names.find((name) => rows.every((row) => row.name !== name));
  if (free === undefined) {
    throw new DatabaseError(
      "exists",
      `other controllers use this credential, and the names for one of its own, ${names.join(" and ")}, are taken: ` +
        `delete one of them with \`farrier credential delete ${names[0]}\``,
    );
  }
  return free;
}

/** The name of a credential that is made for one machine's controller. Pure. */
export function ownCredentialName(machine: string): string {
  const words = machine
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/gu, "-")
    .slice(0, 59)
    .replace(/[._-]+$/u, "");
  return `bmc-${words}`;
}
