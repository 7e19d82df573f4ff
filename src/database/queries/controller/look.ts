import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import {
  controllerColumns,
  controllerRecord,
  type ControllerRecord,
  type ControllerRow,
  controllerTables,
} from "./controller.ts";

/** Seconds between two readings of a controller. */
export interface LookPace {
  /** Between two readings of a working controller's power. */
  seconds: number;
  /** The maximum for a failing controller. */
  maximum: number;
  /** Between two readings of a machine's health. */
  health: number;
}

/** A controller that is due to be read. */
export interface DueLook {
  record: ControllerRecord;
  /** Whether its machine's health is due too. */
  health: boolean;
}

/**
 * Takes machines whose controllers are due to be read; each is taken by one shepherd. The next reading is due after
 * `seconds`, or for a failing controller after as long as it has been failing, at most `maximum`. A jitter of ±10 %
 * spreads the readings.
 * @throws {DatabaseError} `unavailable`
 */
export async function looksTake(
  database: Database,
  { seconds, maximum, health }: LookPace,
  limit: number,
): Promise<DueLook[]> {
  const { rows } = await sql<ControllerRow & { health: boolean }>`
    WITH taken AS (
      UPDATE machine_controller_contact n SET look_at = now() + (0.9 + random() * 0.2) * greatest(
        make_interval(secs => ${seconds}), least(now() - n.failed_at, make_interval(secs => ${maximum}))
      )
      WHERE n.machine_id IN (
        SELECT d.machine_id FROM machine_controller_contact d WHERE d.look_at <= now()
        ORDER BY d.look_at LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED
      ) RETURNING n.machine_id
    )
    SELECT ${controllerColumns}, NOT EXISTS (
      SELECT FROM machine_health x WHERE x.machine_id = c.machine_id
        AND x.tried_at > now() - make_interval(secs => ${health})
    ) AS health
    FROM ${controllerTables} JOIN taken t ON t.machine_id = c.machine_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map(({ health: due, ...row }) => ({ record: controllerRecord(row), health: due }));
}
