import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** Seconds between two looks at a controller that works, and the maximum for a controller that does not. */
export interface LookPace {
  seconds: number;
  maximum: number;
}

/**
 * Takes machines whose controllers are due to be looked at, each for one shepherd: the next look is a pace away, for a failing
 * controller as long as it has been failing. Jitter of a fifth keeps looks apart.
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
