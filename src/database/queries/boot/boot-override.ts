import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Session } from "../../session.ts";
import { storedText } from "../../../lib/format/stored-text.ts";
import { transact, type Tx } from "../../transaction.ts";

/** A virtual medium, or the URL of an HTTP boot. */
export type BootLeft = "medium" | "http";

/** A boot override that may be in force in a machine's controller. */
export interface BootOverride {
  machineId: MachineId;
  /** Changes whenever an override is set again: the removal of an older one does not end it. */
  version: string;
  /** Whether the machine may still boot by it: the boot window of a shepherd's start is open. */
  booting: boolean;
  /** What starts may have left in the controller besides the override, also starts that were killed. */
  ways: readonly BootLeft[];
}

/** Seconds until a failed removal is tried again: doubled with each failure, up to the maximum. */
const again = { first: 15, maximum: 1800 };

/**
 * SQL condition on `machine_boot_override o`: its machine may still boot by it. A machine that has got its token
 * by the network runs the agent's kernel; a machine whose controller has fetched a medium still reads from it, and removing the
 * override would eject it.
 */
const booting = sql<boolean>`EXISTS (
  SELECT FROM machine_boot_window b WHERE b.machine_id = o.machine_id AND b.opened_by = 'shepherd'
    AND (b.given_at IS NULL OR b.way = 'medium') AND b.enrolled_at IS NULL AND b.closed_at IS NULL AND b.closes_at > now()
)`;

/** An override of a start that runs, or that another shepherd continues, is left until that has ended. */
const needed = sql`(
  EXISTS (SELECT FROM work w WHERE w.machine_id = o.machine_id AND w.process = 'ShepherdAgentStart') OR ${booting}
)`;

/** The properties of {@link BootOverride}. */
const columns = sql`o.machine_id AS "machineId", o.version, ${booting} AS booting, ARRAY(
  SELECT unnest(o.ways)
  UNION SELECT b.way FROM machine_boot_window b WHERE b.machine_id = o.machine_id AND b.way <> 'network'
) AS ways`;

/**
 * Takes overrides that are to be removed; each is taken by one shepherd. The machine's lock excludes the claim of a
 * start, which would set an override while this one is removed.
 * @param busy the machines whose overrides this session removes now; others that it holds are free, because the end of
 * their removal could not be recorded
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function bootOverridesTake(
  database: Database,
  session: Session,
  { busy, limit }: { busy: readonly MachineId[]; limit: number },
): Promise<BootOverride[]> {
  const due = sql`o.clear_at <= now() AND o.session_id IS NULL AND NOT ${needed}`;
  return transact(database, session, async (tx) => {
    // Also those that are not due: a start waits for them.
    await sql`
      UPDATE machine_boot_override SET session_id = NULL
      WHERE session_id = ${session.id} AND machine_id <> ALL (${[...busy]}::uuid[])`.execute(tx);
    const picked = await sql<{ machine_id: MachineId }>`
      SELECT m.machine_id FROM machine_boot_override o JOIN machines m ON m.machine_id = o.machine_id
      WHERE ${due} ORDER BY o.clear_at LIMIT ${limit} FOR NO KEY UPDATE OF m SKIP LOCKED`.execute(tx);
    const ids = picked.rows.map((row) => row.machine_id);
    const { rows } = await sql<BootOverride>`
      UPDATE machine_boot_override o SET session_id = ${session.id}
      WHERE o.machine_id = ANY (${ids}::uuid[]) AND ${due}
      RETURNING ${columns}`.execute(tx);
    return rows;
  });
}

/**
 * Records that an override is about to be set, in the transaction before. The caller has locked the machine.
 * @param way what is put into the controller with it
 */
export async function bootOverrideSet(tx: Tx, machineId: MachineId, way?: BootLeft): Promise<void> {
  await sql`SELECT machine_boot_override_due(${machineId})`.execute(tx);
  if (way !== undefined) {
    await sql`
      UPDATE machine_boot_override SET ways = array_append(ways, ${way})
      WHERE machine_id = ${machineId} AND ${way} <> ALL (ways)`.execute(tx);
  }
}

/** Whether a shepherd removes an override of this machine right now. @throws {DatabaseError} `unavailable` */
export async function bootOverrideClearing(database: Database, machineId: MachineId): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM machine_boot_override WHERE machine_id = ${machineId} AND session_id IS NOT NULL`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.length > 0;
}

/** The override of a machine; undefined = there is none. @throws {DatabaseError} `unavailable` */
export async function bootOverrideOf(database: Database, machineId: MachineId): Promise<BootOverride | undefined> {
  const { rows } = await sql<BootOverride>`
    SELECT ${columns} FROM machine_boot_override o WHERE o.machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}

/** Records that the override was removed, unless another one was set meanwhile. @throws {DatabaseError} `unavailable` */
export async function bootOverrideCleared(database: Database, { machineId, version }: BootOverride): Promise<void> {
  await transact(database, null, async (tx) => {
    await sql`DELETE FROM machine_boot_override WHERE machine_id = ${machineId} AND version = ${version}`.execute(tx);
    await sql`UPDATE machine_boot_override SET session_id = NULL WHERE machine_id = ${machineId}`.execute(tx);
  });
}

/** Records that removing the override failed: it is tried again later. @throws {DatabaseError} `unavailable` */
export async function bootOverrideFailed(
  database: Database,
  { machineId, version }: BootOverride,
  cause: string,
): Promise<void> {
  await sql`
    UPDATE machine_boot_override o SET session_id = NULL,
      failures = CASE WHEN f.same THEN o.failures + 1 ELSE o.failures END,
      failed_at = CASE WHEN f.same THEN coalesce(o.failed_at, now()) ELSE o.failed_at END,
      failed_cause = CASE WHEN f.same THEN ${storedText(cause)} ELSE o.failed_cause END,
      clear_at = CASE WHEN f.same THEN now() + (0.9 + random() * 0.2) * make_interval(
        secs => least(${again.first} * 2 ^ least(o.failures, 20), ${again.maximum})
      ) ELSE o.clear_at END
    FROM (SELECT version = ${version} AS same FROM machine_boot_override WHERE machine_id = ${machineId}) f
    WHERE o.machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
