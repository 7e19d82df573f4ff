import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { transact, type Tx } from "../../transaction.ts";
import { deletionAnswer } from "../secret/deletion-find.ts";
import { secretsCommandOnce } from "../secret/secrets-command.ts";
import { rolloutShow } from "./rollout-record.ts";
import type { RolloutCommand } from "./rollout-start.ts";

/** Ended rollouts that are kept: the newest. */
export const rolloutsEndedMost = 1_000;

/** Done, or cancelled with none of its machines left that was begun. Only a rollout that is done can be retried. */
const ended = sql<boolean>`(o.state IN ('done', 'cancelled') AND o.ended_at IS NOT NULL)`;

/**
 * Deletes a rollout that has ended, with its machines and events, once per request id. The machines' history stays.
 * @throws {DatabaseError} `not_found`; `refused`; `request_id_reused`; `unavailable`
 */
export async function rolloutDelete(database: Database, command: RolloutCommand): Promise<void> {
  const { name } = command;
  await secretsCommandOnce(database, command, async (tx) => {
    const { number, state } = await rolloutShow(tx, name, true);
    const { numAffectedRows } = await sql`
      DELETE FROM rollout o WHERE o.rollout_number = ${number} AND ${ended}`.execute(tx);
    if (numAffectedRows === 0n) {
      throw new DatabaseError("refused", await notEnded(tx, name, number, state));
    }
    return deletionAnswer(name, command.actor.name);
  });
}

async function notEnded(tx: Tx, name: string, number: number, state: string): Promise<string> {
  if (state !== "cancelled") {
    return `rollout "${name}" is ${state}: \`farrier rollout cancel ${name}\` ends it, and then it can be deleted`;
  }
  const { rows } = await sql<{ count: number; machine: string }>`
    SELECT count(*)::integer AS count, coalesce(min(m.name), min(m.machine_id::text), '') AS machine
    FROM rollout_machine r JOIN machines m ON m.machine_id = r.machine_id
    WHERE r.rollout_number = ${number} AND r.state = 'requested'`.execute(tx);
  const { count = 0, machine = "" } = rows[0] ?? {};
  return (
    `rollout "${name}" is cancelled, and ${count} of its machines ${count === 1 ? "is" : "are"} still being installed: delete it ` +
    `once \`farrier rollout show ${name}\` has none that is running; \`farrier machine cancel ${machine}\` stops one`
  );
}

/**
 * Deletes ended rollouts, up to `limit` and never one of the `most` that ended last; returns their number.
 * @throws {DatabaseError} `unavailable`
 */
export async function rolloutsForget(
  database: Database,
  { most = rolloutsEndedMost, limit }: { most?: number; limit: number },
): Promise<number> {
  return transact(database, null, async (tx) => {
    const { numAffectedRows } = await sql`
      DELETE FROM rollout o WHERE ${ended} AND o.rollout_number IN (
        SELECT o.rollout_number FROM rollout o WHERE ${ended}
        ORDER BY o.ended_at DESC, o.rollout_number DESC OFFSET ${most} LIMIT ${limit}
      )`.execute(tx);
    // What a machine left that was deleted at the same moment as its rollout.
    await sql`
      DELETE FROM rollout_count c
      WHERE NOT EXISTS (SELECT FROM rollout o WHERE o.rollout_number = c.rollout_number)`.execute(tx);
    return Number(numAffectedRows ?? 0n);
  });
}
