import { sql } from "kysely";
import { system } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { historyAppend } from "../../history.ts";
import type { Generation, MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";

/** Expectations whose deadline has passed without a report; by index. Silence counts only while a server could hear. */
export const cameUpOverdue = sql`
  SELECT c.machine_id, c.generation FROM machine_came_up c
  WHERE c.deadline_at < now() AND c.silent_at IS NULL AND c.heard_at IS NULL
    AND server_alive_for(least(make_interval(secs => c.within_seconds), interval '5 minutes'))`;

/** A system that did not report in time. */
export interface CameUpSilent {
  machineId: MachineId;
  generation: Generation;
}

/** Notes up to `limit` systems that did not report in time, in their state and in history, once for each generation. */
export async function cameUpSilentNote(database: Database, limit: number): Promise<CameUpSilent[]> {
  const { rows: overdue } = await sql<{ machine_id: MachineId; generation: Generation }>`
    ${cameUpOverdue} ORDER BY c.deadline_at LIMIT ${limit}`.execute(database.kysely);
  if (overdue.length === 0) {
    return [];
  }
  const machines = [...new Set(overdue.map(({ machine_id: id }) => id))].toSorted();
  return transact(database, null, async (tx) => {
    // As all decisions about machines do, in order; a report that comes meanwhile is waited for or waits.
    await sql`SELECT FROM machines m WHERE m.machine_id = ANY (${machines}::uuid[]) ORDER BY m.machine_id FOR NO KEY UPDATE`.execute(
      tx,
    );
    const { rows } = await sql<{ machine_id: MachineId; generation: Generation; deadline_at: Date }>`
      UPDATE machine_came_up t SET silent_at = now()
      WHERE (t.machine_id, t.generation) IN (${cameUpOverdue} AND c.machine_id = ANY (${machines}::uuid[]))
      RETURNING t.machine_id, t.generation, t.deadline_at`.execute(tx);
    await historyAppend(
      tx,
      rows.map((row) => ({
        machineId: row.machine_id,
        actor: system,
        event: "came_up_silent" as const,
        generation: row.generation,
        detail: { deadline: row.deadline_at.toISOString() },
      })),
    );
    return rows.map((row) => ({ machineId: row.machine_id, generation: row.generation }));
  });
}
