import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** A machine's power as it was read. */
export type PowerWord = "on" | "off" | "powering-on" | "powering-off" | "unknown";

/** The tag `machine_power`. */
export interface PowerRecord {
  power: PowerWord;
  /** When this value was first read. */
  since: Date;
  readAt: Date;
  /** "controller", or the name of the provider. */
  readFrom: string;
}

/**
 * Records the power that was just read. A machine that has power, and that Farrier neither may stop nor has switched on
 * for a start, is marked as found running. What a controller said that was removed meanwhile is not recorded.
 * @param reading `answered`: also records that the machine's controller has answered
 * @throws {DatabaseError} `unavailable`
 */
export async function powerNote(
  source: Database["kysely"] | Tx,
  machineId: MachineId,
  { power, readFrom, answered = false }: { power: PowerWord; readFrom: string; answered?: boolean },
): Promise<void> {
  await sql`
    WITH answered AS (
      UPDATE machine_controller_contact
      SET contact_at = now(), failed_at = NULL, failed_code = NULL, failed_cause = NULL
      WHERE machine_id = ${machineId} AND ${answered}::boolean
    ), noted AS (
      INSERT INTO machine_power AS p (machine_id, power, read_from)
      SELECT m.machine_id, ${power}, ${readFrom} FROM machines m WHERE m.machine_id = ${machineId}
        AND (${readFrom} <> 'controller' OR EXISTS (SELECT FROM machine_controller c WHERE c.machine_id = m.machine_id))
      ON CONFLICT (machine_id) DO UPDATE SET power = excluded.power, read_from = excluded.read_from, read_at = now(),
        since = CASE WHEN p.power = excluded.power THEN p.since ELSE now() END
      RETURNING p.machine_id
    )
    INSERT INTO machine_found_running (machine_id, found_by)
    SELECT n.machine_id, ${readFrom} FROM noted n
    WHERE ${power} IN ('on', 'powering-on', 'powering-off') AND NOT start_allowed(n.machine_id)
      AND NOT EXISTS (SELECT FROM work w WHERE w.machine_id = n.machine_id AND w.process = 'ShepherdAgentStart')
      AND NOT EXISTS (
        -- A start that another shepherd continues.
        SELECT FROM machine_boot_window b WHERE b.machine_id = n.machine_id AND b.opened_by = 'shepherd'
          AND b.closed_at IS NULL AND b.closes_at > now()
      )
    ON CONFLICT DO NOTHING`
    .execute(source)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** Marks a machine as found running; it stays marked. The caller has seen that Farrier may not stop it. */
export async function foundRunning(tx: Tx, machineId: MachineId, foundBy: string): Promise<void> {
  await sql`
    INSERT INTO machine_found_running (machine_id, found_by) VALUES (${machineId}, ${foundBy})
    ON CONFLICT DO NOTHING`.execute(tx);
}

/** Whether a machine is marked as found running. */
export async function isFoundRunning(tx: Tx, machineId: MachineId): Promise<boolean> {
  const found = await tx
    .selectFrom("machine_found_running")
    .select("machine_id")
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  return found !== undefined;
}

/** The last power reading of a machine; undefined = none yet. @throws {DatabaseError} `unavailable` */
export async function powerOf(database: Database, machineId: MachineId): Promise<PowerRecord | undefined> {
  const { rows } = await sql<PowerRecord>`
    SELECT power, since, read_at AS "readAt", read_from AS "readFrom" FROM machine_power WHERE machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}
