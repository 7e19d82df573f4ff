import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { rolloutChanged, type RolloutChange } from "./rollout-changed.ts";
import type { RolloutMachineStateName } from "./rollout-counts.ts";

/** By what an agent gets onto a machine of a rollout; nothing = somebody has to boot it. */
export type RolloutStartBy = "agent" | "controller" | "provider" | "ssh" | "nothing";

/** A machine of a rollout: the plan, and how far it is. */
export interface RolloutMachineRecord {
  machineId: MachineId;
  name: string | null;
  position: number;
  wave: number;
  state: RolloutMachineStateName;
  stateSince: Date;
  disk: string;
  diskBytes: bigint;
  overwrites: bigint | null;
  refused: string | null;
  doubt: string | null;
  startBy: RolloutStartBy;
  changed: RolloutChange | null;
  attempt: number;
  generation: bigint | null;
  cause: string | null;
  error: string | null;
}

/** A page of a rollout's machines, in their order. @throws {DatabaseError} `unavailable` */
export async function rolloutMachineList(
  database: Database,
  rollout: number,
  { states, after, limit }: { states: readonly RolloutMachineStateName[]; after: number; limit: number },
): Promise<RolloutMachineRecord[]> {
  const { rows } = await sql<RolloutMachineRecord>`
    SELECT r.machine_id AS "machineId", m.name, r.position, r.wave, r.state, r.state_since AS "stateSince", r.disk,
      r.disk_bytes AS "diskBytes", r.overwrites, r.refused, r.doubt, r.attempt, r.generation, r.cause, r.error,
      CASE WHEN r.state IN ('planned', 'waiting') THEN ${rolloutChanged} END AS changed,
      CASE
        WHEN EXISTS (
          SELECT FROM machine_agent_heartbeat b
          WHERE b.machine_id = m.machine_id AND b.agent_heartbeat_at > now() - interval '5 minutes'
        ) THEN 'agent'
        WHEN EXISTS (SELECT FROM machine_controller c WHERE c.machine_id = m.machine_id) THEN 'controller'
        WHEN EXISTS (
          SELECT FROM machine_provided p JOIN provider v ON v.provider = p.provider AND v.power
          WHERE p.machine_id = m.machine_id
        ) THEN 'provider'
        WHEN EXISTS (SELECT FROM machine_ssh s WHERE s.machine_id = m.machine_id) THEN 'ssh'
        ELSE 'nothing'
      END AS "startBy"
    FROM (
      SELECT * FROM rollout_machine
      WHERE rollout_number = ${rollout} AND position > ${after}
        AND (${states.length === 0} OR state = ANY (${[...states]}::text[]))
      ORDER BY position LIMIT ${limit}
    ) r
    JOIN machines m ON m.machine_id = r.machine_id
    ORDER BY r.position`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows;
}
