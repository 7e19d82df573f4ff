import { sql } from "kysely";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { rolloutChanged, type RolloutChange } from "./rollout-changed.ts";

/**
 * What has become of a machine that a rollout has begun: `unasked` if its request is not recorded yet, `silent` if its
 * installed system did not report in time. This is the only place that says when a machine is good.
 */
export type RolloutOutcome = "unasked" | "running" | "good" | "silent" | "failed";

/** A machine that has begun, or is next. */
export interface RolloutMachineStanding {
  machineId: MachineId;
  wave: number;
  attempt: number;
  generation: Generation | null;
  /** The last generation that the plan saw. */
  seenGeneration: bigint;
  state: "waiting" | "requested";
  /** Of a waiting machine: what has changed since the plan. */
  changed: RolloutChange | null;
  /** Of a requested machine. */
  outcome: RolloutOutcome | null;
  /** Of a failed installation. */
  result: "error" | "cancelled" | null;
  error: string | null;
  reportRaw: Uint8Array | null;
}

/** Of `rollout_machine r`, with the tables that {@link rolloutStandings} joins. */
const outcome = sql<RolloutOutcome>`CASE
  WHEN r.generation IS NULL THEN 'unasked'
  WHEN d.generation >= r.generation AND u.deadline_at IS NOT NULL AND u.heard_at IS NULL THEN
    CASE WHEN u.silent_at IS NULL THEN 'running' ELSE 'silent' END
  WHEN d.generation >= r.generation THEN 'good'
  WHEN q.generation >= r.generation AND installation_pending(q.generation, e.generation) THEN 'running'
  WHEN EXISTS (
    SELECT FROM machine_os_installation_retry t
    WHERE t.machine_id = r.machine_id AND t.generation >= r.generation AND t.not_before IS NOT NULL
  ) THEN 'running'
  ELSE 'failed'
END`;

/** The rollout's machines that have begun and not ended, and the first `next` that wait, in their order. */
export async function rolloutStandings(tx: Tx, rollout: number, next: number): Promise<RolloutMachineStanding[]> {
  const { rows } = await sql<RolloutMachineStanding>`
    SELECT r.machine_id AS "machineId", r.wave, r.attempt, r.generation, r.state,
      r.seen_generation AS "seenGeneration",
      CASE WHEN r.state = 'waiting' THEN ${rolloutChanged} END AS changed,
      CASE WHEN r.state = 'requested' THEN ${outcome} END AS outcome,
      CASE WHEN e.generation >= r.generation THEN e.result END AS result,
      CASE WHEN e.generation >= r.generation THEN e.error END AS error,
      CASE WHEN e.generation >= r.generation THEN e.os_installation_report_raw END AS "reportRaw"
    FROM (
      (SELECT * FROM rollout_machine WHERE rollout_number = ${rollout} AND state = 'requested')
      UNION ALL
      (SELECT * FROM rollout_machine WHERE rollout_number = ${rollout} AND state = 'waiting'
       ORDER BY position LIMIT ${next})
    ) r
    JOIN machines m ON m.machine_id = r.machine_id
    LEFT JOIN machine_os_installed d ON d.machine_id = r.machine_id
    LEFT JOIN machine_came_up u ON u.machine_id = d.machine_id AND u.generation = d.generation
    LEFT JOIN machine_os_installation_request q ON q.machine_id = r.machine_id
    LEFT JOIN machine_os_installation_report e ON e.machine_id = r.machine_id
    ORDER BY r.position`.execute(tx);
  return rows;
}

/** How far one wave is. */
export interface RolloutWaveEnds {
  wave: number;
  good: number;
  failed: number;
}

/** How many machines the rule about failures counts, of how many, and how the machines of each wave have ended. */
export async function rolloutFailures(
  tx: Tx,
  rollout: number,
): Promise<{ failed: number; machines: number; waves: RolloutWaveEnds[] }> {
  const { rows } = await sql<RolloutWaveEnds & { machines: number }>`
    SELECT wave, coalesce(sum(machines) FILTER (WHERE state = 'good'), 0)::integer AS good,
      coalesce(sum(machines) FILTER (WHERE state = 'failed'), 0)::integer AS failed,
      coalesce(sum(machines) FILTER (WHERE state NOT IN ('left_out', 'cancelled')), 0)::integer AS machines
    FROM rollout_count WHERE rollout_number = ${rollout} GROUP BY wave ORDER BY wave`.execute(tx);
  const sum = (of: "failed" | "machines"): number => rows.reduce((all, row) => all + row[of], 0);
  return { failed: sum("failed"), machines: sum("machines"), waves: rows };
}
