import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { HistoryEvent } from "../../history.ts";
import type { MachineId } from "../../ids.ts";

/**
 * How far a reader has followed history, in the order of transactions. What an unfinished transaction may still add lies
 * behind every cursor: entries are read only once all earlier transactions have ended.
 */
export interface EventCursor {
  xact: bigint;
  id: bigint;
}

/** An entry of history with what events say of its machine. */
export interface HistoryEventRow {
  id: bigint;
  xact: bigint;
  at: Date;
  machineId: MachineId;
  machineName?: string;
  event: HistoryEvent;
  actor: { kind: string; name: string };
  generation?: bigint;
  process?: string;
  detail: Record<string, unknown>;
}

/** Entries of history behind a cursor. */
export interface EventPage {
  events: HistoryEventRow[];
  /** Behind the last entry that was looked at. */
  cursor: EventCursor;
  /** The limit ended it: more follows at once. */
  more: boolean;
}

/** The transaction that no entry is of. */
export const eventsStart: EventCursor = { xact: 0n, id: 0n };

/** The database's identity, and the cursor behind which all later entries are. @throws {DatabaseError} `unavailable` */
export async function eventsNow(database: Database): Promise<{ origin: string; now: EventCursor; end: bigint }> {
  const { rows } = await sql<{ origin: string; xmin: bigint; xmax: bigint }>`
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '-' || d.oid AS origin,
      pg_snapshot_xmin(s.snapshot)::text::bigint AS xmin, pg_snapshot_xmax(s.snapshot)::text::bigint AS xmax
    FROM pg_database d, (SELECT pg_current_snapshot() AS snapshot) s WHERE d.datname = current_database()`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const { origin = "", xmin = 0n, xmax = 0n } = rows[0] ?? {};
  return { origin, now: { xact: xmin, id: 0n }, end: xmax };
}

/** Looks at up to `limit` entries behind the cursor, and reads those of the wanted kinds. @throws {DatabaseError} */
export async function eventPage(
  database: Database,
  after: EventCursor,
  page: { events: readonly HistoryEvent[]; limit: number },
): Promise<EventPage> {
  const { rows } = await sql<EventRow & { wanted: boolean }>`
    WITH looked AS MATERIALIZED (${historyBehind(after, page.limit)})
    SELECT l.*, m.name, l.event = ANY (${[...page.events]}::text[]) AS wanted
    FROM looked l LEFT JOIN machines m ON m.machine_id = l.machine_id ORDER BY l.xact, l.id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const last = rows.at(-1);
  return {
    events: rows.filter(({ wanted }) => wanted).map((row) => eventOf(row)),
    cursor: last === undefined ? after : { xact: last.xact, id: last.id },
    more: rows.length === page.limit,
  };
}

/** The statement that reads entries behind a cursor, by the index of their order. */
export function historyBehind(after: EventCursor, limit: number) {
  return sql`
    SELECT h.id, h.xact::text::bigint AS xact, h.at, h.machine_id, h.event, h.actor_kind, h.actor, h.generation, h.process, h.detail
    FROM history h
    WHERE (h.xact, h.id) > (${String(after.xact)}::xid8, ${String(after.id)}::bigint)
      AND h.xact < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY h.xact, h.id LIMIT ${limit}`;
}

/** A row of history with its machine's name. */
export interface EventRow {
  id: bigint;
  xact: bigint;
  at: Date;
  machine_id: MachineId;
  name: string | null;
  event: HistoryEvent;
  actor_kind: string;
  actor: string;
  generation: bigint | null;
  process: string | null;
  detail: Record<string, unknown>;
}

/** The row as readers get it. Pure. */
export function eventOf(row: EventRow): HistoryEventRow {
  return {
    id: row.id,
    xact: row.xact,
    at: row.at,
    machineId: row.machine_id,
    ...(row.name === null ? {} : { machineName: row.name }),
    event: row.event,
    actor: { kind: row.actor_kind, name: row.actor },
    ...(row.generation === null ? {} : { generation: row.generation }),
    ...(row.process === null ? {} : { process: row.process }),
    detail: row.detail,
  };
}
