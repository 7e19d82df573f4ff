import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { Generation, MachineId } from "../../ids.ts";
import type { FinalResult, MachineRecord } from "./machine-record.ts";
import { machinesShow } from "../machine/machine-show.ts";
import { systemClock, type Clock } from "../../../lib/clock.ts";
import { defined, present } from "../../../lib/defined.ts";
import { withoutUrlSecrets } from "../../../lib/net/shown-url.ts";

/** The states of a machine's newest request. */
export const installationOutcomes = ["pending", "success", "error", "cancelled"] as const;
export type InstallationStateName = (typeof installationOutcomes)[number];

/** The times that installations are sorted by. */
export type InstallationSort = "requested" | "finished";

/** The filters and the order of a list of machines' newest requests. */
export interface InstallationListQuery {
  /** Any of these; empty means all. */
  states: readonly InstallationStateName[];
  sort: InstallationSort;
  oldestFirst: boolean;
  /** Only those whose time, of the sort, is not before `from`, and before `before`. */
  from?: Date;
  before?: Date;
}

/** Where a page of the newest requests ended. */
export interface InstallationListCursor {
  /** The time of the sort, in microseconds since 1970. */
  at: string;
  machineId: MachineId;
}

interface WalkedRow {
  machine_id: MachineId;
  at: string;
  /** The result belongs to the newest request. */
  current: boolean;
  error: string | null;
}

/** Takes the first rows of each state by the index of the order, then the first of all those. */
export function installationListQuery(
  query: InstallationListQuery,
  after: InstallationListCursor | undefined,
  limit: number,
): RawBuilder<unknown> {
  const { states, sort, oldestFirst, from, before } = query;
  const direction = oldestFirst ? sql`ASC` : sql`DESC`;
  const table =
    sort === "requested"
      ? sql`(SELECT machine_id, requested_at AS at, installation FROM machine_state WHERE installation IS NOT NULL)`
      : sql`(SELECT machine_id, reported_at AS at, result AS installation FROM machine_os_installation_report)`;
  const beyond =
    after === undefined
      ? sql``
      : sql`AND (s.at, s.machine_id) ${oldestFirst ? sql`>` : sql`<`}
          ('epoch'::timestamptz + ${after.at}::bigint * interval '1 microsecond', ${after.machineId})`;
  return sql`
    SELECT w.machine_id, (extract(epoch FROM w.at) * 1000000)::bigint::text AS at,
      n.installation = w.installation AS current,
      CASE WHEN n.installation = r.result THEN r.error END AS error
    FROM (
      SELECT s.* FROM unnest(${[...(states.length === 0 ? installationOutcomes : new Set(states))]}::text[]) AS i (installation)
      CROSS JOIN LATERAL (
        SELECT s.machine_id, s.at, s.installation FROM ${table} s
        WHERE s.installation = i.installation ${beyond}
          ${from === undefined ? sql`` : sql`AND s.at >= ${from}`}
          ${before === undefined ? sql`` : sql`AND s.at < ${before}`}
        ORDER BY s.at ${direction}, s.machine_id ${direction} LIMIT ${limit}
      ) s
      ORDER BY s.at ${direction}, s.machine_id ${direction} LIMIT ${limit}
    ) w
    JOIN machine_state n ON n.machine_id = w.machine_id
    LEFT JOIN machine_os_installation_report r ON r.machine_id = w.machine_id
    ORDER BY w.at ${direction}, w.machine_id ${direction}`;
}

/** Limits of the search for a page; tests change them. */
export interface InstallationListEffort {
  /** Installations checked at a time where a part of the error is wanted, or a result may be an older request's. */
  chunk: number;
  /** Milliseconds after which the search for a page stops. */
  milliseconds: number;
  clock: Clock;
}

const usualEffort: InstallationListEffort = { chunk: 400, milliseconds: 15, clock: systemClock };

/**
 * Machines by their newest request. The page may be short or even empty although more follow, if few of many match.
 * @param error a part of the error as operators see it, in any letter case; "" for any
 * @throws {DatabaseError} `unavailable`
 */
export async function installationList(
  database: Database,
  query: InstallationListQuery & { error: string; limit: number; after?: InstallationListCursor },
  { chunk, milliseconds, clock }: InstallationListEffort = usualEffort,
): Promise<{ machines: MachineRecord[]; next?: InstallationListCursor }> {
  const { error, limit } = query;
  const plain = error === "" && query.sort === "requested";
  const step = plain ? limit + 1 : Math.max(chunk, 1);
  const found: InstallationListCursor[] = [];
  const begun = clock.monotonic();
  let { after } = query;
  let more = true;
  do {
    const walk = installationListQuery(query, after, step) as RawBuilder<WalkedRow>;
    const { rows } = await walk.execute(database.kysely).catch((reason: unknown) => Promise.reject(translate(reason)));
    const places = rows.map((row) => ({ at: row.at, machineId: row.machine_id }));
    found.push(...places.filter((_, index) => matches(rows[index], error)));
    after = places.at(-1);
    more = rows.length === step;
  } while (more && found.length <= limit && clock.monotonic() - begun < milliseconds);
  const page = found.slice(0, limit);
  const next = found.length > limit ? page.at(-1) : more ? after : undefined;
  return {
    machines: await machinesShow(
      database,
      page.map(({ machineId }) => machineId),
    ),
    ...defined({ next }),
  };
}

/** The error is searched as operators see it, so that nobody can guess at what is left out of it. */
function matches(row: WalkedRow | undefined, error: string): boolean {
  const shown = withoutUrlSecrets(row?.error ?? "").toLowerCase();
  return row?.current === true && (error === "" || shown.includes(error.toLowerCase()));
}

/** Who requested the generations of machines, by the machines' ids; left out where history does not say so any more. */
export async function installationsRequestedBy(
  database: Database,
  installations: readonly { machineId: MachineId; generation: Generation; requestedAt: Date }[],
): Promise<Map<MachineId, string>> {
  const { rows } = await sql<{ machine_id: MachineId; actor: string }>`
    SELECT q.machine_id, h.actor FROM unnest(
      ${installations.map(({ machineId }) => machineId)}::uuid[], ${installations.map(({ generation }) => generation)}::bigint[],
      ${installations.map(({ requestedAt }) => requestedAt)}::timestamptz[]
    ) AS q (machine_id, generation, requested_at) CROSS JOIN LATERAL (
      SELECT h.actor FROM history h
      -- The time finds the partition; it has lost its microseconds.
      WHERE h.at >= q.requested_at AND h.at < q.requested_at + interval '1 millisecond'
        AND h.machine_id = q.machine_id AND h.generation = q.generation AND h.event = 'installation_requested'
      LIMIT 1
    ) h`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return new Map(rows.map((row) => [row.machine_id, row.actor]));
}

/** A generation as the history has it. */
export interface InstallationPast {
  generation: Generation;
  requestedAt: Date;
  requestedBy: string;
  /** Absent if there is no final result: it was replaced, or is pending. */
  final?: { result: FinalResult; at: Date; error: string };
  /** The generation that replaced it. */
  replacedBy?: string;
}

interface PastRow {
  generation: Generation;
  requested_at: Date;
  requested_by: string;
  result: FinalResult | null;
  ended_at: Date | null;
  error: string | null;
  replaced_by: string | null;
}

/** All generations of a machine, newest first; with `before` only earlier ones. */
export async function installationPast(
  database: Database,
  machineId: MachineId,
  page: { limit: number; before?: bigint },
): Promise<InstallationPast[]> {
  const { rows } = await sql<PastRow>`
    SELECT h.generation, h.at AS requested_at, h.actor AS requested_by,
      CASE f.event
        WHEN 'installation_succeeded' THEN 'success'
        WHEN 'installation_failed' THEN 'error'
        WHEN 'installation_cancelled' THEN 'cancelled'
      END AS result,
      f.at AS ended_at, coalesce(f.detail ->> 'error', f.detail ->> 'reason') AS error, f.detail ->> 'by' AS replaced_by
    FROM history h
    LEFT JOIN LATERAL (
      SELECT e.event, e.at, e.detail FROM history e
      WHERE e.machine_id = h.machine_id AND e.generation = h.generation AND e.event IN (
        'installation_succeeded', 'installation_failed', 'installation_cancelled', 'installation_replaced'
      )
      LIMIT 1
    ) f ON true
    WHERE h.machine_id = ${machineId} AND h.event = 'installation_requested'
      AND h.generation IS NOT NULL AND h.generation < ${page.before ?? 0x7fff_ffff_ffff_ffffn}
    ORDER BY h.generation DESC LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    generation: row.generation,
    requestedAt: row.requested_at,
    requestedBy: row.requested_by,
    ...(row.result === null || row.ended_at === null
      ? {}
      : { final: { result: row.result, at: row.ended_at, error: row.error ?? "" } }),
    ...present({ replacedBy: row.replaced_by }),
  }));
}
