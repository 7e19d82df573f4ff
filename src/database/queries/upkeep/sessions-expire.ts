import { sql } from "kysely";
import { system } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { historyAppend } from "../../history.ts";
import type { MachineId, Process, SessionId } from "../../ids.ts";
import { transact } from "../../transaction.ts";

/** An expired session that was deleted. */
export interface ExpiredSession {
  sessionId: SessionId;
  component: string;
  /** Its work, which is free now. */
  work: { machineId: MachineId; process: Process }[];
}

/**
 * Deletes up to `limit` sessions past their deadline, with their work, and writes a history entry for each machine. A
 * session that a transaction has locked is left for the next time, because that transaction may be committing.
 */
export async function sessionsExpire(database: Database, limit: number): Promise<ExpiredSession[]> {
  return transact(database, null, async (tx) => {
    const { rows: sessions } = await sql<{ session_id: SessionId; session_component: string }>`
      SELECT session_id, session_component FROM sessions WHERE session_deadline <= now()
      ORDER BY session_id LIMIT ${limit} FOR UPDATE SKIP LOCKED`.execute(tx);
    if (sessions.length === 0) {
      return [];
    }
    const ids = sessions.map((session) => session.session_id);
    const work = await tx
      .deleteFrom("work")
      .where("session_id", "in", ids)
      .returning(["machine_id", "process", "session_id"])
      .execute();
    await tx.deleteFrom("sessions").where("session_id", "in", ids).execute();
    await historyAppend(
      tx,
      work.map((held) => ({
        machineId: held.machine_id,
        actor: system,
        event: "work_lost",
        sessionId: held.session_id,
        process: held.process,
        detail: { cause: "the session that held it expired" },
      })),
    );
    return sessions.map((session) => ({
      sessionId: session.session_id,
      component: session.session_component,
      work: work
        .filter((held) => held.session_id === session.session_id)
        .map((held) => ({ machineId: held.machine_id, process: held.process })),
    }));
  });
}
