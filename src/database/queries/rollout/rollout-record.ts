import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { Tx } from "../../transaction.ts";
import { defined } from "../../../lib/defined.ts";

/** The states of a rollout: stopped by the rule about failures; paused and cancelled by an operator. */
export const rolloutStates = ["planned", "running", "paused", "stopped", "cancelled", "done"] as const;
export type RolloutStateName = (typeof rolloutStates)[number];

/** The time of day in which machines are begun, in minutes; `from` > `to` spans midnight. */
export interface RolloutHours {
  from: number;
  to: number;
  timeZone: string;
}

/** When no more machines are begun. */
export type RolloutStopRule = { failures: number } | { percent: number };

/** A rollout as recorded; its values stay sealed. */
export interface RolloutRecord {
  number: number;
  name: string;
  profile: { name: string; version: number };
  sealedValues: Uint8Array;
  state: RolloutStateName;
  stateSince: Date;
  /** The number of machines of each wave; 0 = the rest. */
  waves: number[];
  parallel: number;
  stopAfter?: RolloutStopRule;
  window?: RolloutHours;
  /** How long one installation is expected to take. */
  expectedSeconds?: number;
  /** Failures that the rule does not count again. */
  failuresAnswered: number;
  createdAt: Date;
  createdBy: string;
  plannedAt: Date;
  startedAt?: Date;
  /** When the last of its machines ended. */
  endedAt?: Date;
}

/** A row of the table rollout, without its session. */
export interface RolloutRow {
  rollout_number: number;
  rollout_name: string;
  profile_name: string;
  profile_version: number;
  sealed_values: Buffer;
  state: RolloutStateName;
  state_since: Date;
  waves: number[];
  parallel: number;
  stop_after: number | null;
  stop_after_percent: number | null;
  window_from: number | null;
  window_to: number | null;
  time_zone: string | null;
  expected_seconds: number | null;
  failures_answered: number;
  created_at: Date;
  created_by: string;
  planned_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

/** The columns of `rollout o` that {@link rolloutOf} reads. */
export const rolloutColumns = sql`o.rollout_number, o.rollout_name, o.profile_name, o.profile_version, o.sealed_values,
  o.state, o.state_since, o.waves, o.parallel, o.stop_after, o.stop_after_percent, o.window_from, o.window_to,
  o.time_zone, o.expected_seconds, o.failures_answered, o.created_at, o.created_by, o.planned_at, o.started_at,
  o.ended_at`;

/** Reads a row. */
export function rolloutOf(row: RolloutRow): RolloutRecord {
  const { window_from: from, window_to: to, time_zone: timeZone } = row;
  return {
    number: row.rollout_number,
    name: row.rollout_name,
    profile: { name: row.profile_name, version: row.profile_version },
    sealedValues: row.sealed_values,
    state: row.state,
    stateSince: row.state_since,
    waves: row.waves,
    parallel: row.parallel,
    failuresAnswered: row.failures_answered,
    createdAt: row.created_at,
    createdBy: row.created_by,
    plannedAt: row.planned_at,
    ...defined({
      stopAfter: stopRule(row),
      window: from === null || to === null || timeZone === null ? undefined : { from, to, timeZone },
      expectedSeconds: row.expected_seconds ?? undefined,
      startedAt: row.started_at ?? undefined,
      endedAt: row.ended_at ?? undefined,
    }),
  };
}

function stopRule({ stop_after: failures, stop_after_percent: percent }: RolloutRow): RolloutStopRule | undefined {
  if (failures !== null) {
    return { failures };
  }
  return percent === null ? undefined : { percent };
}

/** A rollout by its name. `lock` keeps it as it is until the transaction ends. @throws {DatabaseError} `not_found` */
export async function rolloutShow(source: Database | Tx, name: string, lock = false): Promise<RolloutRecord> {
  const { rows } = await sql<RolloutRow>`
    SELECT ${rolloutColumns} FROM rollout o WHERE o.rollout_name = ${name} ${lock ? sql`FOR NO KEY UPDATE` : sql``}`
    .execute("kysely" in source ? source.kysely : source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  if (row === undefined) {
    throw rolloutUnknown(name);
  }
  return rolloutOf(row);
}

/** That there is no such rollout. */
export function rolloutUnknown(name: string): DatabaseError {
  return new DatabaseError("not_found", `there is no rollout "${name}": \`farrier rollout list\` shows all`);
}

/** Rollouts, the newest first. @param page `before` is the last number of the page before, 0 = the first page */
export async function rolloutList(
  database: Database,
  { before, limit }: { before: number; limit: number },
): Promise<RolloutRecord[]> {
  const { rows } = await sql<RolloutRow>`
    SELECT ${rolloutColumns} FROM rollout o WHERE ${before} = 0 OR o.rollout_number < ${before}
    ORDER BY o.rollout_number DESC LIMIT ${limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => rolloutOf(row));
}
