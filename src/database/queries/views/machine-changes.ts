import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** A snapshot as PostgreSQL prints it: xmin:xmax:xip, where xip lists the transactions in progress between the two. */
export type SnapshotText = string;

/**
 * How far a reader has followed the changes: everything visible to `from` is processed; and of what `to` sees beyond
 * that, everything up to one machine of one transaction. Transactions commit in another order than they begin, so
 * visibility counts, not the order of ids.
 */
export interface ChangeCursor {
  /** The database's identity: a cursor of another database is invalid here. */
  origin: string;
  from: SnapshotText;
  /** Absent if nothing beyond `from` was read yet. */
  to?: { snapshot: SnapshotText; xact: bigint; machineId: MachineId };
  /** Deletions visible in this snapshot predate the watch and are not sent. */
  deletedFrom: SnapshotText;
}

/** A machine that was changed or deleted. */
export interface MachineChange {
  machineId: MachineId;
  deleted: boolean;
}

/** Changes, with the cursor behind them. */
export interface ChangesPage {
  changes: MachineChange[];
  cursor: ChangeCursor;
  /** The database's time. */
  at: Date;
  /** The limit ended it: more follows at once. */
  more: boolean;
}

/** A snapshot that sees nothing: normal transaction ids begin at 3. */
const nothing: SnapshotText = "1:1:";
const firstId = "00000000-0000-0000-0000-000000000000" as MachineId;

/** The two possible starts of a watch: after `now` nothing that is committed is sent, after `start` everything is. */
export async function changesPosition(
  database: Database,
): Promise<{ origin: string; snapshot: SnapshotText; at: Date; now: ChangeCursor; start: ChangeCursor }> {
  const { rows } = await sql<{ origin: string; snapshot: SnapshotText; at: Date }>`
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '-' || d.oid AS origin,
      pg_current_snapshot()::text AS snapshot, now() AS at
    FROM pg_database d WHERE d.datname = current_database()`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const { origin, snapshot, at } = rows[0] ?? { origin: "", snapshot: nothing, at: new Date(0) };
  return {
    origin,
    snapshot,
    at,
    now: { origin, from: snapshot, deletedFrom: snapshot },
    start: { origin, from: nothing, deletedFrom: snapshot },
  };
}

interface ChangeRow {
  machine_id: MachineId | null;
  deleted: boolean;
  xact: bigint;
  snapshot: SnapshotText;
  at: Date;
}

/**
 * Up to `limit` machines that changed after the cursor, each once, with the cursor behind them.
 */
export async function machineChanges(database: Database, after: ChangeCursor, limit: number): Promise<ChangesPage> {
  const { from, to, deletedFrom } = after;
  const xact = String(to?.xact ?? 0n);
  const machineId = to?.machineId ?? firstId;
  const { rows } = await sql<ChangeRow>`
    SELECT c.machine_id, c.deleted, c.xact::text::bigint AS xact, n.snapshot::text AS snapshot, now() AS at
    FROM (SELECT coalesce(${to?.snapshot ?? null}::pg_snapshot, pg_current_snapshot()) AS snapshot) n
    LEFT JOIN LATERAL (
      (
        SELECT s.machine_id, false AS deleted, s.changed_xact AS xact FROM machine_state s
        WHERE s.changed_xact >= pg_snapshot_xmin(${from}::pg_snapshot)
          AND (s.changed_xact, s.machine_id) > (${xact}::xid8, ${machineId})
          AND NOT pg_visible_in_snapshot(s.changed_xact, ${from}::pg_snapshot)
          AND pg_visible_in_snapshot(s.changed_xact, n.snapshot)
        ORDER BY s.changed_xact, s.machine_id LIMIT ${limit}
      ) UNION ALL (
        SELECT t.machine_id, true, t.deleted_xact FROM machine_tombstones t
        WHERE t.deleted_xact >= pg_snapshot_xmin(${deletedFrom}::pg_snapshot)
          AND (t.deleted_xact, t.machine_id) > (${xact}::xid8, ${machineId})
          AND NOT pg_visible_in_snapshot(t.deleted_xact, ${from}::pg_snapshot)
          AND NOT pg_visible_in_snapshot(t.deleted_xact, ${deletedFrom}::pg_snapshot)
          AND pg_visible_in_snapshot(t.deleted_xact, n.snapshot)
        ORDER BY t.deleted_xact, t.machine_id LIMIT ${limit}
      )
      ORDER BY xact, machine_id LIMIT ${limit}
    ) c ON true
    ORDER BY c.xact, c.machine_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const changes = rows.flatMap(({ machine_id, deleted }) =>
    machine_id === null ? [] : [{ machineId: machine_id, deleted }],
  );
  const last = rows.at(-1);
  const snapshot = last?.snapshot ?? from;
  const more = changes.length === limit;
  return {
    changes,
    more,
    at: last?.at ?? new Date(0),
    cursor:
      more && last !== undefined && last.machine_id !== null
        ? { ...after, to: { snapshot, xact: last.xact, machineId: last.machine_id } }
        : { origin: after.origin, from: snapshot, deletedFrom: snapshot },
  };
}

/** True for text that PostgreSQL accepts as a snapshot, of transactions below 2^63. */
export function isSnapshot(text: string): boolean {
  const match = /^(?<xmin>\d{1,18}):(?<xmax>\d{1,18}):(?<xip>(?:\d{1,18}(?:,\d{1,18})*)?)$/u.exec(text);
  if (match?.groups === undefined) {
    return false;
  }
  const xmin = BigInt(match.groups["xmin"] ?? 0);
  const xmax = BigInt(match.groups["xmax"] ?? 0);
  const xip = (match.groups["xip"] ?? "").split(",").filter((xid) => xid !== "");
  const inOrder = xip
    .map(BigInt)
    .every((xid, index) => xid >= xmin && xid < xmax && (index === 0 || xid > BigInt(xip[index - 1] ?? 0)));
  return xmin > 0n && xmin <= xmax && inOrder;
}

/** The upper bound of the transaction ids that a snapshot may see. */
export function snapshotEnd(snapshot: SnapshotText): bigint {
  return BigInt(snapshot.split(":")[1] ?? 0);
}
