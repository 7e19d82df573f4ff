import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** The states of a machine in a rollout. */
export const rolloutMachineStates = [
  "planned",
  "waiting",
  "requested",
  "good",
  "failed",
  "left_out",
  "cancelled",
] as const;
export type RolloutMachineStateName = (typeof rolloutMachineStates)[number];

/** How many machines of a wave are in a state. */
export interface RolloutCount {
  rollout: number;
  wave: number;
  state: RolloutMachineStateName;
  machines: number;
  /** Those of them that the plan refuses. */
  refused: number;
}

/** How many machines of rollouts are in each wave and state, as triggers have counted them. @throws {DatabaseError} `unavailable` */
export async function rolloutCounts(database: Database, rollouts: readonly number[]): Promise<RolloutCount[]> {
  const { rows } = await sql<RolloutCount>`
    SELECT rollout_number AS rollout, wave, state, sum(machines)::integer AS machines, sum(refused)::integer AS refused
    FROM rollout_count
    WHERE rollout_number = ANY (${[...rollouts]}::integer[])
    GROUP BY rollout_number, wave, state HAVING sum(machines) > 0 ORDER BY rollout_number, wave`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows;
}

/** Machines of a rollout that failed or were left out for one cause, with one of them. */
export interface RolloutCauseCount {
  state: "failed" | "left_out";
  cause: string;
  machines: number;
  machineId: MachineId;
  /** Empty if it has none. */
  machineName: string;
  error: string;
}

/** The causes of failures and of what was left out, the most frequent first. @throws {DatabaseError} `unavailable` */
export async function rolloutCauses(database: Database, rollout: number): Promise<RolloutCauseCount[]> {
  const { rows } = await sql<RolloutCauseCount>`
    SELECT c.*, coalesce(m.name, '') AS "machineName"
    FROM (
      SELECT state, coalesce(cause, 'other') AS cause, count(*)::integer AS machines,
        (array_agg(machine_id ORDER BY position))[1] AS "machineId",
        (array_agg(coalesce(error, '') ORDER BY position))[1] AS error
      FROM rollout_machine WHERE rollout_number = ${rollout} AND state IN ('failed', 'left_out')
      GROUP BY state, coalesce(cause, 'other') ORDER BY state, machines DESC, cause LIMIT 100
    ) c JOIN machines m ON m.machine_id = c."machineId"
    ORDER BY c.state, c.machines DESC, c.cause`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows;
}
