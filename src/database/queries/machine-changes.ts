import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { translate } from "../errors.ts";
import type { MachineId } from "../ids.ts";

/** How far somebody has followed the changes. */
export interface ChangeCursor {
  /** Of the database: a cursor of another one says nothing here. */
  origin: string;
  /** The transaction, and of those that it changed the machine, of the last change that was dealt with. */
  xact: bigint;
  machineId: MachineId;
  /** Machines that were deleted before this transaction are nobody's business. */
  since: bigint;
}

/** A machine that was changed or deleted. */
export interface MachineChange {
  machineId: MachineId;
  deleted: boolean;
  cursor: ChangeCursor;
}

const firstId = "00000000-0000-0000-0000-000000000000" as MachineId;
const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff" as MachineId;

/** Where the changes stand now: all that is committed before is behind `now`; `start` is before everything. */
export async function changesPosition(
  database: Database,
): Promise<{ origin: string; now: ChangeCursor; start: ChangeCursor }> {
  const { rows } = await sql<{ origin: string; xmin: bigint }>`
    SELECT (SELECT system_identifier FROM pg_control_system())::text || '-' || d.oid AS origin,
      pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin
    FROM pg_database d WHERE d.datname = current_database()`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const { origin, xmin } = rows[0] ?? { origin: "", xmin: 0n };
  return {
    origin,
    now: { origin, xact: xmin - 1n, machineId: lastId, since: xmin },
    start: { origin, xact: 0n, machineId: firstId, since: xmin },
  };
}

/**
 * Up to `limit` machines that changed after the cursor, in the order of the transactions that last changed them. Only those
 * below the oldest transaction under way are looked at: later ones may commit out of order, and are read once that has
 * ended. `behind` says that there are such.
 */
export async function machineChanges(
  database: Database,
  after: ChangeCursor,
  limit: number,
): Promise<{ changes: MachineChange[]; behind: boolean }> {
  const { rows } = await sql<{ machine_id: MachineId | null; deleted: boolean; xact: bigint; behind: boolean }>`
    SELECT c.machine_id, c.deleted, c.xact::text::bigint AS xact, b.behind
    FROM (
      SELECT EXISTS (SELECT FROM machine_state s WHERE s.changed_xact >= pg_snapshot_xmin(pg_current_snapshot()))
        OR EXISTS (SELECT FROM machine_tombstones t WHERE t.deleted_xact >= pg_snapshot_xmin(pg_current_snapshot()))
        AS behind
    ) b
    LEFT JOIN (
      (
        SELECT s.machine_id, false AS deleted, s.changed_xact AS xact FROM machine_state s
        WHERE (s.changed_xact, s.machine_id) > (${String(after.xact)}::xid8, ${after.machineId})
          AND s.changed_xact < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY s.changed_xact, s.machine_id LIMIT ${limit}
      ) UNION ALL (
        SELECT t.machine_id, true, t.deleted_xact FROM machine_tombstones t
        WHERE (t.deleted_xact, t.machine_id) > (${String(after.xact)}::xid8, ${after.machineId})
          AND t.deleted_xact >= ${String(after.since)}::xid8
          AND t.deleted_xact < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY t.deleted_xact, t.machine_id LIMIT ${limit}
      )
      ORDER BY xact, machine_id LIMIT ${limit}
    ) c ON true
    ORDER BY c.xact, c.machine_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return {
    behind: rows[0]?.behind ?? false,
    changes: rows.flatMap(({ machine_id: machineId, deleted, xact }) =>
      machineId === null ? [] : [{ machineId, deleted, cursor: { ...after, xact, machineId } }],
    ),
  };
}
