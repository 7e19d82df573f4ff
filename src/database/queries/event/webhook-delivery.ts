import { sql } from "kysely";
import { storedText } from "../../../lib/format/stored-text.ts";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { Session } from "../../session.ts";
import { transact, type Tx } from "../../transaction.ts";
import { eventOf, type EventRow, type HistoryEventRow } from "./event-page.ts";

/** A machine's events that are to go out now, the earliest first. */
export interface WebhookLine {
  machineId: MachineId;
  /** Failed tries of the first one. */
  attempts: number;
  events: QueuedEvent[];
}

/** An event that waits. */
export interface QueuedEvent {
  id: bigint;
  at: Date;
  /** Seconds that it has been waiting for. */
  waitedSeconds: number;
  /** Undefined if history does not have it any more. */
  entry: HistoryEventRow | undefined;
}

/** Lines that are due, up to `lines`, with up to `events` events of each, and the database's time. */
export async function webhookDue(
  database: Database,
  webhookId: string,
  most: { lines: number; events: number },
): Promise<WebhookLine[]> {
  const { rows } = await sql<
    Omit<EventRow, "at" | "event"> & {
      attempts: number;
      event_id: bigint;
      event_at: Date;
      waited: number;
      event: EventRow["event"] | null;
    }
  >`
    WITH due AS MATERIALIZED (
      SELECT l.machine_id, l.attempts, l.not_before FROM webhook_line l
      WHERE l.webhook_id = ${webhookId} AND l.not_before <= now() ORDER BY l.not_before, l.machine_id LIMIT ${most.lines}
    )
    SELECT due.machine_id, due.attempts, d.event_id, d.event_at,
      extract(epoch FROM now() - d.queued_at)::float8 AS waited, m.name,
      d.event_id AS id, 0::bigint AS xact, h.event, h.actor_kind, h.actor, h.generation, h.process, h.detail
    FROM due CROSS JOIN LATERAL (
      SELECT q.event_id, q.event_at, q.queued_at FROM webhook_delivery q
      WHERE q.webhook_id = ${webhookId} AND q.machine_id = due.machine_id ORDER BY q.event_id LIMIT ${most.events}
    ) d
    LEFT JOIN history h ON h.at = d.event_at AND h.id = d.event_id
    LEFT JOIN machines m ON m.machine_id = due.machine_id
    ORDER BY due.not_before, due.machine_id, d.event_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const lines = new Map<MachineId, WebhookLine>();
  for (const row of rows) {
    const { machine_id: machineId, event_id: id, event_at: at, waited, event } = row;
    const line = lines.get(machineId) ?? { machineId, attempts: row.attempts, events: [] };
    lines.set(machineId, line);
    line.events.push({
      id,
      at,
      waitedSeconds: waited,
      entry: event === null ? undefined : eventOf({ ...row, at, event }),
    });
  }
  return [...lines.values()];
}

/** The database's time in seconds since 1970, for the signature. @throws {DatabaseError} `unavailable` */
export async function webhookTime(database: Database): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`SELECT floor(extract(epoch FROM now()))::float8 AS seconds`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0]?.seconds ?? 0;
}

/** An event of a webhook. */
export interface WebhookEventKey {
  webhookId: string;
  machineId: MachineId;
  eventId: bigint;
}

/** The receiver took it: the next of the machine may go out. @throws {DatabaseError} `session_lost`, `unavailable` */
export async function webhookDelivered(database: Database, session: Session, key: WebhookEventKey): Promise<void> {
  await transact(database, session, async (tx) => {
    await sql`
      UPDATE webhook SET delivered = delivered + 1, delivered_at = now() WHERE webhook_id = ${key.webhookId}`.execute(
      tx,
    );
    await deliveryRemove(tx, key);
    await sql`
      UPDATE webhook_line SET attempts = 0, failure = NULL, unreachable = false, not_before = now()
      WHERE webhook_id = ${key.webhookId} AND machine_id = ${key.machineId}`.execute(tx);
  });
}

/** It is tried again after this number of seconds, and nothing of its machine before. @throws {DatabaseError} */
export async function webhookAgain(
  database: Database,
  session: Session,
  key: WebhookEventKey,
  again: { seconds: number; failure: string; unreachable: boolean },
): Promise<void> {
  await transact(database, session, async (tx) => {
    await failureNote(tx, key.webhookId, again.failure);
    await sql`
      UPDATE webhook_line SET attempts = attempts + 1, failure = ${storedText(again.failure)},
        unreachable = ${again.unreachable}, not_before = now() + make_interval(secs => ${again.seconds})
      WHERE webhook_id = ${key.webhookId} AND machine_id = ${key.machineId}`.execute(tx);
  });
}

/** It is given up: it becomes a dead letter, and the next of its machine may go out. @throws {DatabaseError} */
export async function webhookDead(
  database: Database,
  session: Session,
  key: WebhookEventKey,
  dead: { event: string; attempts: number; failure: string; retrySeconds: number },
): Promise<void> {
  await transact(database, session, async (tx) => {
    await failureNote(tx, key.webhookId, dead.failure);
    // The time in full: a Date ends with the milliseconds, and history is found by it.
    await sql`
      WITH gone AS (
        DELETE FROM webhook_delivery
        WHERE webhook_id = ${key.webhookId} AND machine_id = ${key.machineId}
          AND event_id = ${String(key.eventId)}::bigint
        RETURNING webhook_id, event_id, event_at, machine_id
      )
      INSERT INTO webhook_dead_letter (webhook_id, event_id, event_at, machine_id, event, attempts, failure)
      SELECT g.webhook_id, g.event_id, g.event_at, g.machine_id, ${dead.event}, ${dead.attempts}::integer,
        ${storedText(dead.failure)} FROM gone g
      ON CONFLICT (webhook_id, event_id) DO UPDATE
      SET attempts = EXCLUDED.attempts, failure = EXCLUDED.failure, died_at = now()`.execute(tx);
    await sql`
      UPDATE webhook_line SET attempts = attempts + 1, failure = ${storedText(dead.failure)},
        not_before = now() + make_interval(secs => ${dead.retrySeconds})
      WHERE webhook_id = ${key.webhookId} AND machine_id = ${key.machineId}`.execute(tx);
  });
}

/** Deletes the lines of these machines that have nothing left. */
export async function webhookLinesTidy(
  database: Database,
  session: Session,
  webhookId: string,
  machines: readonly MachineId[],
): Promise<void> {
  await transact(database, session, async (tx) => {
    // Dead letters may be put back at this moment: the lock makes that wait, or lets the next statement see it.
    await sql`SELECT FROM webhook WHERE webhook_id = ${webhookId} FOR NO KEY UPDATE`.execute(tx);
    await sql`
      DELETE FROM webhook_line l WHERE l.webhook_id = ${webhookId} AND l.machine_id = ANY (${[...machines]}::uuid[])
        AND NOT EXISTS (
          SELECT FROM webhook_delivery d WHERE d.webhook_id = l.webhook_id AND d.machine_id = l.machine_id
        )`.execute(tx);
  });
}

/** The receiver answers again: what waits because it did not may go out now. @throws {DatabaseError} */
export async function webhookReached(database: Database, session: Session, webhookId: string): Promise<void> {
  await transact(database, session, (tx) =>
    sql`
      UPDATE webhook_line SET not_before = now(), unreachable = false
      WHERE webhook_id = ${webhookId} AND unreachable AND not_before > now()`.execute(tx),
  );
}

/**
 * Records why a try failed. Before all else of its transaction: who deletes a webhook locks its row, and then its lines.
 */
async function failureNote(tx: Tx, webhookId: string, failure: string): Promise<void> {
  await sql`UPDATE webhook SET failure = ${storedText(failure)}, failed_at = now() WHERE webhook_id = ${webhookId}`.execute(
    tx,
  );
}

async function deliveryRemove(tx: Tx, { webhookId, machineId, eventId }: WebhookEventKey): Promise<void> {
  const { numAffectedRows } = await sql`
    DELETE FROM webhook_delivery
    WHERE webhook_id = ${webhookId} AND machine_id = ${machineId} AND event_id = ${String(eventId)}::bigint`.execute(
    tx,
  );
  if (numAffectedRows === 0n) {
    // The janitor gave it up while it was under way.
    await sql`
      DELETE FROM webhook_dead_letter
      WHERE webhook_id = ${webhookId} AND event_id = ${String(eventId)}::bigint`.execute(tx);
  }
}
