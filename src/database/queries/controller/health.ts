import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import type { MachineId } from "../../ids.ts";
import { transact } from "../../transaction.ts";

/** A machine's health in one word. */
export type HealthWord = "ok" | "warning" | "critical" | "unknown";

/** A machine's health as it was read. Its texts come from a controller: bounded and printable, and nothing more. */
export interface HealthReading {
  rollup: HealthWord;
  /** Parts that are not healthy, such as "Fan 3: critical"; at most 40. */
  failed: readonly string[];
  /** What could not be read; at most 10. */
  unread: readonly string[];
  inletCelsius?: number;
  /** Newest first; at most 10. */
  events: readonly { at?: Date; severity: "ok" | "warning" | "critical"; text: string }[];
}

/** The tag `machine_health`. */
export interface HealthRecord extends HealthReading {
  /** When the rollup was first read so. */
  since: Date;
  /** When it was last read; absent = never. */
  readAt?: Date;
  /** Why the last try, which was later than `readAt`, failed. */
  problem?: { at: Date; cause: string };
}

/** Actor of what controllers tell. */
const actor = { kind: "component", name: "shepherd" } as const;

/**
 * Records the health that was just read. History gets an entry if the rollup is another than its last entry's.
 * @throws {DatabaseError} `unavailable`
 */
export async function healthNote(database: Database, machineId: MachineId, reading: HealthReading): Promise<void> {
  const { rollup, failed, unread, inletCelsius = null, events } = reading;
  await transact(database, null, async (tx) => {
    const { rows: known } = await sql<{ noted: HealthWord | null }>`
      SELECT noted FROM machine_health WHERE machine_id = ${machineId} FOR NO KEY UPDATE`.execute(tx);
    const before = known[0]?.noted ?? undefined;
    const noted = notedAfter(before, rollup);
    const { rows } = await sql`
      INSERT INTO machine_health AS h (machine_id, rollup, failed, unread, inlet_celsius, events, read_at, noted)
      SELECT machine_id, ${rollup}, ${[...failed]}::text[], ${[...unread]}::text[], ${inletCelsius}::real,
        ${JSON.stringify(events)}::jsonb, now(), ${noted ?? null}
      FROM machine_controller WHERE machine_id = ${machineId}
      ON CONFLICT (machine_id) DO UPDATE SET rollup = excluded.rollup, failed = excluded.failed,
        unread = excluded.unread, inlet_celsius = excluded.inlet_celsius, events = excluded.events, read_at = now(),
        tried_at = now(), problem = NULL, noted = excluded.noted,
        since = CASE WHEN h.rollup = excluded.rollup THEN h.since ELSE now() END
      RETURNING machine_id`.execute(tx);
    if (rows.length > 0 && noted !== undefined && noted !== before && !(before === undefined && noted === "ok")) {
      const detail = { from: before ?? "unknown", to: noted, failed: failed.slice(0, 10) };
      await historyAppend(tx, [{ machineId, actor, event: "health_changed", detail }]);
    }
  });
}

/** The last rollup in history, after one more was read: what is not known tells nothing. Pure. */
function notedAfter(before: HealthWord | undefined, rollup: HealthWord): HealthWord | undefined {
  return rollup === "unknown" ? before : rollup;
}

/** Records why health could not be read; what was read before stays. @throws {DatabaseError} `unavailable` */
export async function healthProblemNote(database: Database, machineId: MachineId, cause: string): Promise<void> {
  await sql`
    INSERT INTO machine_health AS h (machine_id, rollup, failed, unread, events, problem)
    SELECT machine_id, 'unknown', '{}', '{}', '[]', ${cause} FROM machine_controller WHERE machine_id = ${machineId}
    ON CONFLICT (machine_id) DO UPDATE SET tried_at = now(), problem = excluded.problem`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** Health as {@link healthColumn} gives it. Times are text, because they come as JSON. */
export interface HealthJson extends Omit<HealthReading, "events" | "inletCelsius"> {
  inletCelsius: number | null;
  events?: readonly { at?: string; severity: "ok" | "warning" | "critical"; text: string }[];
  since: string;
  readAt: string | null;
  triedAt: string;
  problem: string | null;
}

const healthJson = sql`
  jsonb_build_object(
    'rollup', x.rollup, 'since', x.since, 'failed', x.failed, 'unread', x.unread, 'inletCelsius', x.inlet_celsius,
    'readAt', x.read_at, 'triedAt', x.tried_at, 'problem', x.problem
  )`;

/** The health of `machines m` without its events, as {@link HealthJson}; NULL = nothing is known. */
export const healthColumn = sql`
  (SELECT ${healthJson} FROM machine_health x WHERE x.machine_id = m.machine_id)`;

/** The record of {@link healthColumn}. Pure. */
export function healthRecord(json: HealthJson): HealthRecord {
  const { rollup, failed, unread, inletCelsius, readAt, problem } = json;
  return {
    rollup,
    failed,
    unread,
    since: new Date(json.since),
    events: (json.events ?? []).map(({ at, severity, text }) => ({
      severity,
      text,
      ...(at === undefined ? {} : { at: new Date(at) }),
    })),
    ...(inletCelsius === null ? {} : { inletCelsius }),
    ...(readAt === null ? {} : { readAt: new Date(readAt) }),
    ...(problem === null ? {} : { problem: { at: new Date(json.triedAt), cause: problem } }),
  };
}

/** The health of a machine, with its events; undefined = nothing is known. @throws {DatabaseError} `unavailable` */
export async function healthOf(database: Database, machineId: MachineId): Promise<HealthRecord | undefined> {
  const { rows } = await sql<{ health: HealthJson }>`
    SELECT ${healthJson} || jsonb_build_object('events', x.events) AS health
    FROM machine_health x WHERE x.machine_id = ${machineId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined ? undefined : healthRecord(row.health);
}
