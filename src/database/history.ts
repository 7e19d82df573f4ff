import { sql } from "kysely";
import type { Actor } from "./actor.ts";
import type { Database } from "./connect.ts";
import type { Generation, MachineId, Process, SessionId } from "./ids.ts";
import type { Tx } from "./transaction.ts";
import { present } from "../lib/defined.ts";

/** What can happen to a machine: the rows of the table history_event. */
export const historyEvents = [
  "machine_added",
  "machine_updated",
  "machine_deleted",
  "machine_quarantined",
  "machine_released",
  "machine_vanished",
  "machine_returned",
  "machine_joined",
  "agent_registered",
  "agent_replaced",
  "agent_enrolled",
  "agent_lost",
  "agent_duplicate",
  "agent_start_allowed",
  "start_means_changed",
  "controller_set",
  "controller_removed",
  "ssh_set",
  "ssh_host_key_accepted",
  "takeover_begun",
  "controller_password_changed",
  "power_switched",
  "health_changed",
  "boot_window_opened",
  "boot_window_closed",
  "boot_token_given",
  "enrollment_awaiting",
  "second_claimant",
  "hardware_reported",
  "installation_requested",
  "installation_replaced",
  "installation_handed_out",
  "installation_progressed",
  "installation_writer_replaced",
  "installation_succeeded",
  "installation_failed",
  "installation_cancelled",
  "installation_retries_stopped",
  "installed_removed",
  "came_up",
  "came_up_silent",
  "came_up_unasked",
  "came_up_earlier",
  "came_up_refused",
  "report_late",
  "report_unasked",
  "report_other_run",
  "work_claimed",
  "work_finished",
  "work_failed",
  "work_cancelled",
  "work_lost",
  "backoff_cleared",
  "deadline_missed",
  "rollout_joined",
  "rollout_left_out",
  "rollout_good",
  "rollout_failed",
  "rollout_cancelled",
] as const;
export type HistoryEvent = (typeof historyEvents)[number];

/** A new entry. */
export interface HistoryEntry {
  machineId: MachineId;
  actor: Actor;
  event: HistoryEvent;
  sessionId?: SessionId;
  process?: Process;
  generation?: Generation;
  detail?: Record<string, unknown>;
}

/** A stored entry. */
export interface HistoryRecord extends HistoryEntry {
  at: Date;
  id: bigint;
}

/** Appends entries; they exist if and only if the transaction commits. */
export async function historyAppend(tx: Tx, entries: readonly HistoryEntry[]): Promise<void> {
  if (entries.length === 0) {
    return;
  }
  await tx
    .insertInto("history")
    .values(
      entries.map((entry) => ({
        machine_id: entry.machineId,
        actor_kind: entry.actor.kind,
        actor: entry.actor.name,
        event: entry.event,
        session_id: entry.sessionId ?? null,
        process: entry.process ?? null,
        generation: entry.generation ?? null,
        detail: entry.detail ?? {},
      })),
    )
    .execute();
}

/** Where a page of history ended. */
export interface HistoryCursor {
  /** Microseconds since 1970, PostgreSQL's precision: a Date would lose the last three digits. */
  atMicroseconds: bigint;
  id: bigint;
}

/** A machine's history, newest first, of some kinds, by some, of a generation or from a time on; with a cursor only earlier entries. */
export async function historyList(
  database: Database,
  machineId: MachineId,
  page: {
    limit: number;
    before?: HistoryCursor;
    /** Any of these; absent or empty means all. */
    events?: readonly HistoryEvent[];
    /** By any of these; absent or empty means all. */
    actorKinds?: readonly Actor["kind"][];
    generation?: bigint;
    /** Only entries that are not older. */
    from?: Date;
  },
): Promise<(HistoryRecord & { cursor: HistoryCursor })[]> {
  let query = database.kysely
    .selectFrom("history")
    .selectAll()
    .select(sql<bigint>`(extract(epoch FROM at) * 1000000)::bigint`.as("at_microseconds"))
    .where("machine_id", "=", machineId)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(page.limit);
  if (page.before !== undefined) {
    const { atMicroseconds, id } = page.before;
    query = query.where(
      sql<boolean>`(at, id) < ('epoch'::timestamptz + ${atMicroseconds} * interval '1 microsecond', ${id})`,
    );
  }
  const { events = [], actorKinds = [], generation, from } = page;
  if (events.length > 0) {
    query = query.where("event", "in", [...events]);
  }
  if (actorKinds.length > 0) {
    query = query.where("actor_kind", "in", [...actorKinds]);
  }
  if (generation !== undefined) {
    query = query.where(sql<boolean>`generation = ${generation}`);
  }
  if (from !== undefined) {
    query = query.where("at", ">=", from);
  }
  const rows = await query.execute();
  return rows.map((row) => ({
    at: row.at,
    id: row.id,
    machineId: row.machine_id,
    // The table's CHECKs allow no other values in these two.
    actor: { kind: row.actor_kind as Actor["kind"], name: row.actor },
    event: row.event as HistoryEvent,
    ...present({ sessionId: row.session_id, process: row.process, generation: row.generation }),
    detail: row.detail,
    cursor: { atMicroseconds: row.at_microseconds, id: row.id },
  }));
}
