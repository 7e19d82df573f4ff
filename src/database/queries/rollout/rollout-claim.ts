import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { Session } from "../../session.ts";
import { transact, type Tx } from "../../transaction.ts";
import { rolloutColumns, rolloutOf, type RolloutRecord, type RolloutRow } from "./rollout-record.ts";

/** A rollout that this session carries out. */
export interface HeldRollout {
  number: number;
  /**
   * Runs `action` in a transaction that commits only while this session holds the rollout, which nothing else changes
   * meanwhile.
   */
  within<Value>(action: (tx: Tx, rollout: RolloutRecord, now: Date) => Promise<Value>): Promise<Value>;
}

/** Lets go of the rollouts that this session carries out. @throws {DatabaseError} `session_lost`, `unavailable` */
export async function rolloutsLetGo(database: Database, session: Session): Promise<void> {
  await transact(database, session, async (tx) => {
    await sql`UPDATE rollout SET session_id = NULL WHERE session_id = ${session.id}`.execute(tx);
  });
}

/**
 * The rollouts that this session carries out, after it has taken those that no session holds: all that have started and
 * of which something can still happen.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function rolloutClaim(database: Database, session: Session): Promise<HeldRollout[]> {
  const numbers = await transact(database, session, async (tx) => {
    await sql`
      UPDATE rollout SET session_id = ${session.id} WHERE rollout_number IN (
        SELECT rollout_number FROM rollout WHERE started_at IS NOT NULL AND ended_at IS NULL AND session_id IS NULL
        ORDER BY rollout_number FOR NO KEY UPDATE SKIP LOCKED
      )`.execute(tx);
    const { rows } = await sql<{ rollout_number: number }>`
      SELECT rollout_number FROM rollout
      WHERE started_at IS NOT NULL AND ended_at IS NULL AND session_id = ${session.id} ORDER BY rollout_number`.execute(
      tx,
    );
    return rows.map((row) => row.rollout_number);
  });
  return numbers.map((number) => ({
    number,
    within: (action) =>
      transact(database, session, async (tx) => {
        const { rows } = await sql<RolloutRow & { now: Date }>`
          SELECT ${rolloutColumns}, now() AS now FROM rollout o
          WHERE o.rollout_number = ${number} AND o.session_id = ${session.id} FOR NO KEY UPDATE`.execute(tx);
        const [row] = rows;
        if (row === undefined) {
          throw new DatabaseError("not_found", "this session does not carry out the rollout any more");
        }
        return action(tx, rolloutOf(row), row.now);
      }),
  }));
}
