import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { historyAppend } from "../../history.ts";
import type { MachineId } from "../../ids.ts";
import type { Session } from "../../session.ts";
import { storedText } from "../../../lib/format/stored-text.ts";
import { transact, type Tx } from "../../transaction.ts";

/**
 * Records that a start of an agent begins. History says when its means has changed.
 * @param why why it is this means
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function startBegun(
  database: Database,
  session: Session,
  start: { machineId: MachineId; means: string; why: string; step: string },
): Promise<void> {
  const { machineId, means, why, step } = start;
  const actor: Actor = { kind: "component", name: session.component };
  await transact(database, session, async (tx) => {
    const { rows } = await sql<{ before: string | null }>`
      WITH before AS (SELECT means FROM machine_start WHERE machine_id = ${machineId})
      INSERT INTO machine_start AS s (machine_id, means, why, step)
      VALUES (${machineId}, ${means}, ${storedText(why)}, ${storedText(step)})
      ON CONFLICT (machine_id) DO UPDATE SET means = excluded.means, why = excluded.why, begun_at = now(),
        step = excluded.step, step_at = now(), ended_at = NULL
      RETURNING (SELECT means FROM before) AS before`.execute(tx);
    const before = rows[0]?.before ?? null;
    await historyAppend(
      tx,
      before === null || before === means
        ? []
        : [{ machineId, actor, event: "start_means_changed" as const, detail: { means, before, why } }],
    );
  });
}

/**
 * Records how far the start has come.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function startStepped(
  database: Database,
  session: Session,
  { machineId, step }: { machineId: MachineId; step: string },
): Promise<void> {
  await transact(database, session, async (tx) => {
    await sql`
      UPDATE machine_start SET step = ${storedText(step)}, step_at = now() WHERE machine_id = ${machineId}`.execute(tx);
  });
}

/** Records that the start has ended, in the transaction that ends its work. */
export async function startEnded(tx: Tx, machineId: MachineId): Promise<void> {
  await sql`UPDATE machine_start SET ended_at = now() WHERE machine_id = ${machineId}`.execute(tx);
}
