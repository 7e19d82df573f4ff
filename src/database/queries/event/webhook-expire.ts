import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";

/** Dead letters that are kept of one webhook: the newest. */
export const deadLettersMost = 100_000;

/** All webhooks. @throws {DatabaseError} `unavailable` */
export async function webhookNames(database: Database): Promise<{ webhookId: string; name: string }[]> {
  const { rows } = await sql<{ webhook_id: string; webhook_name: string }>`
    SELECT webhook_id, webhook_name FROM webhook ORDER BY webhook_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({ webhookId: row.webhook_id, name: row.webhook_name }));
}

/**
 * Gives up events of a webhook that have waited for three days, up to `limit`, whether they were tried or not; returns their
 * number. @throws {DatabaseError} `unavailable`
 */
export async function webhookExpire(database: Database, webhookId: string, limit: number): Promise<number> {
  return transact(database, null, async (tx) => {
    if (!(await webhookLock(tx, webhookId))) {
      return 0;
    }
    const { rows } = await sql<{ machine_id: MachineId }>`
      WITH late AS (
        SELECT d.machine_id, d.event_id FROM webhook_delivery d
        WHERE d.webhook_id = ${webhookId} AND d.queued_at < now() - interval '3 days' ORDER BY d.queued_at LIMIT ${limit}
      ),
      gone AS (
        DELETE FROM webhook_delivery d USING late
        WHERE d.webhook_id = ${webhookId} AND d.machine_id = late.machine_id AND d.event_id = late.event_id
        RETURNING d.machine_id, d.event_id, d.event_at
      )
      INSERT INTO webhook_dead_letter (webhook_id, event_id, event_at, machine_id, event, attempts, failure)
      SELECT ${webhookId}::uuid, g.event_id, g.event_at, g.machine_id, coalesce(h.event, 'unknown'),
        -- A machine's tries are those of its first event.
        CASE WHEN g.event_id = min(g.event_id) OVER (PARTITION BY g.machine_id) THEN coalesce(l.attempts, 0) ELSE 0 END,
        coalesce(l.failure, w.failure, 'it was not sent within three days')
      FROM gone g JOIN webhook w ON w.webhook_id = ${webhookId}
      LEFT JOIN webhook_line l ON l.webhook_id = w.webhook_id AND l.machine_id = g.machine_id
      LEFT JOIN history h ON h.at = g.event_at AND h.id = g.event_id
      ON CONFLICT (webhook_id, event_id) DO UPDATE
      SET attempts = EXCLUDED.attempts, failure = EXCLUDED.failure, died_at = now()
      RETURNING machine_id`.execute(tx);
    const machines = [...new Set(rows.map((row) => row.machine_id))];
    await sql`
      DELETE FROM webhook_line l WHERE l.webhook_id = ${webhookId} AND l.machine_id = ANY (${machines}::uuid[])
        AND NOT EXISTS (
          SELECT FROM webhook_delivery d WHERE d.webhook_id = l.webhook_id AND d.machine_id = l.machine_id
        )`.execute(tx);
    await sql`
      UPDATE webhook_line SET attempts = 0
      WHERE webhook_id = ${webhookId} AND machine_id = ANY (${machines}::uuid[]) AND attempts > 0`.execute(tx);
    return rows.length;
  });
}

/**
 * Deletes a webhook's oldest dead letters, up to `limit`, where there are more than `most`; returns their number.
 * @throws {DatabaseError} `unavailable`
 */
export async function deadLettersTrim(
  database: Database,
  webhookId: string,
  { most = deadLettersMost, limit }: { most?: number; limit: number },
): Promise<number> {
  return transact(database, null, async (tx) => {
    if (!(await webhookLock(tx, webhookId))) {
      return 0;
    }
    const { numAffectedRows } = await sql`
      DELETE FROM webhook_dead_letter d WHERE d.webhook_id = ${webhookId} AND d.event_id IN (
        SELECT o.event_id FROM webhook_dead_letter o
        WHERE o.webhook_id = ${webhookId} AND o.event_id <= (
          SELECT f.event_id FROM webhook_dead_letter f WHERE f.webhook_id = ${webhookId}
          ORDER BY f.event_id DESC OFFSET ${most} LIMIT 1
        ) ORDER BY o.event_id LIMIT ${limit}
      )`.execute(tx);
    return Number(numAffectedRows ?? 0n);
  });
}

/** Before all else of a transaction: who delivers locks the webhook's row first, too. Resolves to false if it is deleted. */
async function webhookLock(tx: Tx, webhookId: string): Promise<boolean> {
  const { rows } = await sql`SELECT FROM webhook WHERE webhook_id = ${webhookId} FOR NO KEY UPDATE`.execute(tx);
  return rows.length > 0;
}
