import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { historyEvents, type HistoryEvent } from "../../history.ts";
import type { Session } from "../../session.ts";
import { transact } from "../../transaction.ts";
import { historyBehind } from "./event-page.ts";

/** A webhook that this session delivers for. */
export interface HeldWebhook {
  webhookId: string;
  name: string;
  events: string[];
  privateAllowed: boolean;
  sealedTarget: Uint8Array;
}

/**
 * Takes the webhooks that no session delivers for, and those that this session holds and has lost track of, because the
 * database went away before it answered.
 * @param known webhooks that this session delivers for or leaves to others
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function webhooksClaim(
  database: Database,
  session: Session,
  known: readonly string[],
): Promise<HeldWebhook[]> {
  const { rows } = await transact(database, session, (tx) =>
    sql<{
      webhook_id: string;
      webhook_name: string;
      events: string[];
      private_allowed: boolean;
      sealed_target: Buffer;
    }>`
      UPDATE webhook w SET session_id = ${session.id}
      WHERE w.webhook_id IN (
        SELECT f.webhook_id FROM webhook f
        WHERE (f.session_id IS NULL OR f.session_id = ${session.id}) AND f.webhook_id <> ALL (${[...known]}::uuid[])
        ORDER BY f.webhook_id FOR NO KEY UPDATE SKIP LOCKED
      ) RETURNING w.webhook_id, w.webhook_name, w.events, w.private_allowed, w.sealed_target`.execute(tx),
  );
  return rows.map((row) => ({
    webhookId: row.webhook_id,
    name: row.webhook_name,
    events: row.events,
    privateAllowed: row.private_allowed,
    sealedTarget: row.sealed_target,
  }));
}

/** Gives back this session's webhooks, or one of them. @throws {DatabaseError} `unavailable` */
export async function webhooksRelease(database: Database, session: Session, webhookId?: string): Promise<void> {
  const which = webhookId === undefined ? sql`true` : sql`webhook_id = ${webhookId}`;
  await transact(database, null, (tx) =>
    sql`UPDATE webhook SET session_id = NULL WHERE session_id = ${session.id} AND ${which}`.execute(tx),
  );
}

/**
 * Whether history has entries behind the webhook's cursor; "gone" if the session does not deliver for it any more, or it
 * was deleted. @throws {DatabaseError} `unavailable`
 */
export async function webhookBehind(
  database: Database,
  session: Session,
  webhookId: string,
): Promise<"behind" | "current" | "gone"> {
  const { rows } = await sql<{ behind: boolean }>`
    SELECT EXISTS (
      SELECT FROM history h
      WHERE (h.xact, h.id) > (w.read_xact, w.read_id) AND h.xact < pg_snapshot_xmin(pg_current_snapshot())
    ) AS behind
    FROM webhook w WHERE w.webhook_id = ${webhookId} AND w.session_id = ${session.id}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined ? "gone" : row.behind ? "behind" : "current";
}

/** Entries of history that one fill looks at. */
const fillMost = 1_000;

/** What a fill did. */
export interface WebhookFilled {
  /** Events that wait now and did not before. */
  queued: number;
  /** History has more: fill again. */
  more: boolean;
}

/**
 * Lets the next entries of history wait for the webhook, where it wants them, and moves its cursor on, in one statement.
 * Undefined if the session does not deliver for it any more, or it was deleted.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function webhookFill(
  database: Database,
  session: Session,
  { webhookId, wanted }: { webhookId: string; wanted: readonly HistoryEvent[] },
  limit: number = fillMost,
): Promise<WebhookFilled | undefined> {
  return transact(database, session, async (tx) => {
    const { rows: cursors } = await sql<{ xact: bigint; id: bigint }>`
      SELECT read_xact::text::bigint AS xact, read_id AS id FROM webhook
      WHERE webhook_id = ${webhookId} AND session_id = ${session.id} FOR NO KEY UPDATE`.execute(tx);
    const [cursor] = cursors;
    if (cursor === undefined) {
      return undefined;
    }
    const all = wanted.length === historyEvents.length;
    const { rows } = await sql<{ looked: bigint; queued: bigint }>`
      WITH looked AS MATERIALIZED (${historyBehind(cursor, limit)}),
      wanted AS (
        SELECT l.machine_id, l.id, l.at FROM looked l WHERE ${all ? sql`true` : sql`l.event = ANY (${[...wanted]}::text[])`}
      ),
      queued AS (
        INSERT INTO webhook_delivery (webhook_id, machine_id, event_id, event_at)
        SELECT ${webhookId}::uuid, w.machine_id, w.id, w.at FROM wanted w
        ON CONFLICT DO NOTHING RETURNING machine_id
      ),
      lines AS (
        INSERT INTO webhook_line (webhook_id, machine_id)
        SELECT DISTINCT ${webhookId}::uuid, q.machine_id FROM queued q ORDER BY q.machine_id
        ON CONFLICT DO NOTHING
      ),
      last AS (SELECT l.xact, l.id FROM looked l ORDER BY l.xact DESC, l.id DESC LIMIT 1),
      moved AS (
        UPDATE webhook w SET read_xact = last.xact::text::xid8, read_id = last.id FROM last WHERE w.webhook_id = ${webhookId}
      )
      SELECT (SELECT count(*) FROM looked) AS looked, (SELECT count(*) FROM queued) AS queued`.execute(tx);
    const { looked = 0n, queued = 0n } = rows[0] ?? {};
    return { queued: Number(queued), more: Number(looked) === limit };
  });
}
