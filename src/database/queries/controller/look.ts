import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** Seconds between two readings of a working controller, and the maximum for a failing one. */
export interface LookPace {
  seconds: number;
  maximum: number;
}

/**
 * Takes machines whose controllers are due to be read; each is taken by one shepherd. The next reading is due after
 * `seconds`, or for a failing controller after as long as it has been failing, at most `maximum`. A jitter of ±10 %
 * spreads the readings.
 * @throws {DatabaseError} `unavailable`
 */
export async function looksTake(
  database: Database,
  { seconds, maximum }: LookPace,
  limit: number,
): Promise<MachineId[]> {
  const { rows } = await sql<{ machine_id: MachineId }>`
    UPDATE machine_controller_contact n SET look_at = now() + (0.9 + random() * 0.2) * greatest(
      make_interval(secs => ${seconds}), least(now() - n.failed_at, make_interval(secs => ${maximum}))
    )
    WHERE n.machine_id IN (
      SELECT d.machine_id FROM machine_controller_contact d WHERE d.look_at <= now()
      ORDER BY d.look_at LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED
    ) RETURNING n.machine_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => row.machine_id);
}
