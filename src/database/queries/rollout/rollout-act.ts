import { sql } from "kysely";
import { system } from "../../actor.ts";
import { historyAppend } from "../../history.ts";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { storedText } from "../../../lib/format/stored-text.ts";
import { rolloutEventAppend } from "./rollout-event.ts";
import { rolloutRequestFind, rolloutRequestId } from "./rollout-order.ts";
import type { RolloutRecord } from "./rollout-record.ts";

/** How a machine ended in a rollout. */
export type RolloutEnd =
  | { end: "good" }
  | { end: "failed"; cause: string; error: string }
  | { end: "left_out"; cause: string; error: string };

const ends = { good: "rollout_good", failed: "rollout_failed", left_out: "rollout_left_out" } as const;

/**
 * Records the end of a machine that waits or has begun, lets it go, and tells history. The caller holds the rollout.
 * @returns false if it had ended before
 */
export async function rolloutMachineEnd(
  tx: Tx,
  { number, name }: RolloutRecord,
  machineId: MachineId,
  end: RolloutEnd,
): Promise<boolean> {
  const why = end.end === "good" ? undefined : { cause: end.cause, error: storedText(end.error) };
  await sql`
    DELETE FROM machine_rollout_hold WHERE machine_id = ${machineId} AND rollout_number = ${number}`.execute(tx);
  const { rows } = await sql<{ generation: Generation | null }>`
    UPDATE rollout_machine SET state = ${end.end}, state_since = now(), cause = ${why?.cause ?? null},
      error = ${why?.error ?? null},
      -- What is requested of a failed machine from here on is not the rollout's.
      seen_generation = CASE WHEN ${end.end} = 'failed' THEN
        (SELECT m.last_generation FROM machines m WHERE m.machine_id = rollout_machine.machine_id) ELSE seen_generation END
    WHERE machine_id = ${machineId} AND rollout_number = ${number} AND state IN ('waiting', 'requested')
    RETURNING generation`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    return false;
  }
  await historyAppend(tx, [
    {
      machineId,
      actor: system,
      event: ends[end.end],
      ...(row.generation === null ? {} : { generation: row.generation }),
      detail: { rollout: name, ...why },
    },
  ]);
  return true;
}

/** Records that the turn of machines that wait has come: their requests follow. The caller holds the rollout. */
export async function rolloutMachinesBegin(
  tx: Tx,
  { number }: RolloutRecord,
  machineIds: readonly MachineId[],
): Promise<void> {
  await sql`
    UPDATE rollout_machine SET state = 'requested', state_since = now(), attempt = attempt + 1
    WHERE rollout_number = ${number} AND state = 'waiting' AND machine_id = ANY (${[...machineIds]}::uuid[])`.execute(
    tx,
  );
}

/** Whether no machine of the wave was begun yet. */
export async function rolloutWaveIsNew(tx: Tx, { number }: RolloutRecord, wave: number): Promise<boolean> {
  const { rows } = await sql<{ fresh: boolean }>`
    SELECT NOT EXISTS (
      SELECT FROM rollout_machine WHERE rollout_number = ${number} AND wave = ${wave} AND attempt > 0
    ) AS fresh`.execute(tx);
  return rows[0]?.fresh === true;
}

/** Records the generation of a machine's request. The caller holds the rollout. */
export async function rolloutMachineRequested(
  tx: Tx,
  { number }: RolloutRecord,
  { machineId, attempt, generation }: { machineId: MachineId; attempt: number; generation: Generation },
): Promise<void> {
  await sql`
    UPDATE rollout_machine SET generation = ${generation}
    WHERE machine_id = ${machineId} AND rollout_number = ${number} AND state = 'requested' AND attempt = ${attempt}`.execute(
    tx,
  );
}

/**
 * Takes back a machine whose turn had come and whose request is not recorded. If it was requested after all, its
 * generation is recorded; otherwise it waits again, or is let go if the rollout is cancelled. The caller holds the rollout.
 */
export async function rolloutMachineRecall(
  tx: Tx,
  rollout: RolloutRecord,
  { machineId, attempt }: { machineId: MachineId; attempt: number },
): Promise<void> {
  const { number, name, state } = rollout;
  // Waits for a request that is being carried out (rolloutOrderHold): only then is it known whether it was.
  await sql`
    SELECT FROM rollout_machine WHERE machine_id = ${machineId} AND rollout_number = ${number} FOR UPDATE`.execute(tx);
  const generation = await rolloutRequestFind(tx, machineId, rolloutRequestId({ rollout, machineId, attempt }));
  if (generation !== undefined) {
    await rolloutMachineRequested(tx, rollout, { machineId, attempt, generation });
    return;
  }
  const cancelled = state === "cancelled";
  await sql`
    UPDATE rollout_machine SET state = ${cancelled ? "cancelled" : "waiting"}, state_since = now()
    WHERE machine_id = ${machineId} AND rollout_number = ${number} AND state = 'requested' AND attempt = ${attempt}`.execute(
    tx,
  );
  if (cancelled) {
    await sql`
      DELETE FROM machine_rollout_hold WHERE machine_id = ${machineId} AND rollout_number = ${number}`.execute(tx);
    await historyAppend(tx, [{ machineId, actor: system, event: "rollout_cancelled", detail: { rollout: name } }]);
  }
}

/** Ends a rollout, or stops it by its rule. The caller holds it. */
export async function rolloutEnd(
  tx: Tx,
  { number, state }: RolloutRecord,
  end: "stopped" | "done" | "settled",
  detail: string,
): Promise<void> {
  const next = end === "settled" ? state : end;
  await sql`
    UPDATE rollout SET state = ${next}, state_since = CASE WHEN state = ${next} THEN state_since ELSE now() END,
      ended_at = CASE WHEN ${end} = 'stopped' THEN NULL ELSE now() END,
      session_id = CASE WHEN ${end} = 'stopped' THEN session_id END
    WHERE rollout_number = ${number}`.execute(tx);
  if (end !== "settled") {
    await rolloutEventAppend(tx, number, { actor: system, event: end, detail });
  }
}
