import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation, translate } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import type { CredentialId, MachineId } from "../../ids.ts";
import { machineLock } from "../../machine-lock.ts";
import type { Session } from "../../session.ts";
import { transact, type Tx } from "../../transaction.ts";
import { present } from "../../../lib/defined.ts";

/** A running system by which a machine can be taken over. */
export interface MachineSsh {
  user: string;
  host: string;
  port: number;
  credentialId: CredentialId;
  /** `TYPE BASE64` or `SHA256:…`; absent = the key that the host shows at the first contact is accepted. */
  hostKey?: string;
}

/**
 * Sets by what a machine can be taken over. The caller has locked the machine.
 * @throws {DatabaseError} `exists` if another machine has this host and port
 */
export async function machineSshSet(tx: Tx, machineId: MachineId, ssh: MachineSsh, actor: Actor): Promise<void> {
  const { user, host, port, credentialId, hostKey } = ssh;
  const { rows } = await sql<{ name: string }>`
    SELECT coalesce(m.name, m.machine_id::text) AS name FROM machine_ssh s JOIN machines m USING (machine_id)
    WHERE s.host = ${host} AND s.port = ${port} AND s.machine_id <> ${machineId}`.execute(tx);
  const [other] = rows;
  if (other !== undefined) {
    throw hostTaken(ssh, `machine ${other.name}`, `\`farrier machine show ${other.name}\` shows it`);
  }
  const row = {
    ...{ user_name: user, host, port, credential_id: credentialId },
    ...{ host_key: hostKey ?? null, accept_new: hostKey === undefined, host_key_at: sql<Date>`now()` },
    ...{ set_at: sql<Date>`now()`, set_by: actor.name },
  };
  await tx
    .insertInto("machine_ssh")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute()
    .catch((error: unknown) => {
      // It was given to another machine at the same time.
      throw isUniqueViolation(error) === "machine_ssh_host_port_key"
        ? hostTaken(ssh, "another machine", "`farrier machine list` shows all")
        : error;
    });
  const detail = {
    user,
    host,
    port,
    ...(hostKey === undefined ? { hostKey: "accepted at the first contact" } : { hostKey }),
  };
  await historyAppend(tx, [{ machineId, actor, event: "ssh_set", detail }]);
  // Something runs there that Farrier has not started.
  await sql`
    INSERT INTO machine_found_running (machine_id, found_by)
    SELECT ${machineId}, 'ssh' WHERE NOT start_allowed(${machineId}) ON CONFLICT DO NOTHING`.execute(tx);
}

function hostTaken({ host, port }: MachineSsh, other: string, remedy: string): DatabaseError {
  return new DatabaseError("exists", `${host} port ${port} is ${other} already: one host is one machine. ${remedy}`);
}

/** By what a machine can be taken over; undefined if by nothing. @throws {DatabaseError} `unavailable` */
export async function machineSshOf(database: Database, machineId: MachineId): Promise<MachineSsh | undefined> {
  const { rows } = await sql<{
    user: string;
    host: string;
    port: number;
    credential_id: CredentialId;
    host_key: string | null;
  }>`
    SELECT s.user_name AS "user", s.host, s.port, s.credential_id,
      -- An installation since then has made another host of it.
      CASE WHEN NOT s.accept_new OR d.installed_at IS NULL OR d.installed_at < s.host_key_at THEN s.host_key END AS host_key
    FROM machine_ssh s LEFT JOIN machine_os_installed d ON d.machine_id = s.machine_id
    WHERE s.machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined
    ? undefined
    : {
        ...{ user: row.user, host: row.host, port: row.port, credentialId: row.credential_id },
        ...present({ hostKey: row.host_key }),
      };
}

/**
 * Pins the key that a host has shown at the first contact, unless an operator has pinned one or named another host since.
 * @throws {DatabaseError} `session_lost`; `unavailable`
 */
export async function machineSshPin(
  database: Database,
  session: Session,
  shown: Pick<MachineSsh, "host" | "port"> & { machineId: MachineId; hostKey: string; fingerprint: string },
): Promise<void> {
  const { machineId, host, port, hostKey, fingerprint } = shown;
  await transact(database, session, async (tx) => {
    await machineLock(tx, machineId);
    const pinned = await tx
      .updateTable("machine_ssh")
      .set({ host_key: hostKey, host_key_at: sql<Date>`now()` })
      .where("machine_id", "=", machineId)
      .where("accept_new", "=", true)
      .where("host", "=", host)
      .where("port", "=", port)
      .returning("machine_id")
      .executeTakeFirst();
    const actor = { kind: "component" as const, name: session.component };
    await historyAppend(
      tx,
      pinned === undefined ? [] : [{ machineId, actor, event: "ssh_host_key_accepted", detail: { fingerprint } }],
    );
  });
}
