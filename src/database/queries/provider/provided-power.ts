import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** Seconds after which a power reading is old: of a machine on which an agent is wanted, and of any other. */
export interface PowerPace {
  matters: number;
  others: number;
}

/**
 * Machines of a provider whose power reading is old, those on which an agent is wanted first. Machines with a controller
 * are read by that.
 * @throws {DatabaseError} `unavailable`
 */
export async function providedPowerDue(
  database: Database,
  provider: string,
  { matters, others }: PowerPace,
  limit: number,
): Promise<{ machineId: MachineId; providerId: string }[]> {
  const { rows } = await sql<{ machine_id: MachineId; provider_id: string }>`
    SELECT p.machine_id, p.provider_id FROM machine_provided p
    JOIN machine_state s ON s.machine_id = p.machine_id
    LEFT JOIN machine_power w ON w.machine_id = p.machine_id
    WHERE p.provider = ${provider} AND p.vanished_at IS NULL
      AND NOT EXISTS (SELECT FROM machine_controller c WHERE c.machine_id = p.machine_id)
      AND (w.read_at IS NULL
        OR w.read_at < now() - make_interval(secs => CASE WHEN s.candidate IS NULL THEN ${others}::float8 ELSE ${matters}::float8 END))
    ORDER BY s.candidate IS NULL, w.read_at NULLS FIRST LIMIT ${limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map(({ machine_id: machineId, provider_id: providerId }) => ({ machineId, providerId }));
}
