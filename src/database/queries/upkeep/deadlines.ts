import { sql } from "kysely";
import { system } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import type { MachineId } from "../../ids.ts";
import type { MachineStateName } from "../../machine-state.ts";
import { transact } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";

/** A machine that has been in its state longer than expected. */
export interface DeadlineMissed {
  machineId: MachineId;
  state: MachineStateName;
}

/**
 * The machines that have been in their state longer than expected, and for which that was not recorded yet; by index.
 */
export const deadlinesOverdue = sql`
  SELECT s.machine_id FROM machine_state_limit l
  JOIN machine_state s ON s.state = l.state AND s.since < now() - l.at_most
  WHERE s.deadline_missed_at IS NULL AND machine_state_deadline(s.state, s.since, s.not_before) < now()`;

/** Records up to `limit` missed deadlines, in the state and in history, once per stay in a state. */
export async function deadlinesNote(database: Database, limit: number): Promise<DeadlineMissed[]> {
  return transact(database, null, async (tx) => {
    const { rows } = await sql<{ machine_id: MachineId; state: MachineStateName; since: Date; deadline: Date }>`
      UPDATE machine_state t SET deadline_missed_at = now(), changed_xact = pg_current_xact_id()
      WHERE t.machine_id IN (${deadlinesOverdue} ORDER BY s.machine_id LIMIT ${limit} FOR NO KEY UPDATE OF s SKIP LOCKED)
      RETURNING t.machine_id, t.state, t.since, machine_state_deadline(t.state, t.since, t.not_before) AS deadline`.execute(
      tx,
    );
    await historyAppend(
      tx,
      rows.map((row) => ({
        machineId: row.machine_id,
        actor: system,
        event: "deadline_missed" as const,
        detail: { state: row.state, since: row.since.toISOString(), deadline: row.deadline.toISOString() },
      })),
    );
    return rows.map((row) => ({ machineId: row.machine_id, state: row.state }));
  });
}
