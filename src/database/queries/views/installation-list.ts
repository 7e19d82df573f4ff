import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { Generation, MachineId } from "../../ids.ts";
import type { FinalResult, MachineRecord } from "./machine-record.ts";
import { machinesShow } from "../machine/machine-show.ts";
import { present } from "../../../lib/defined.ts";

/** The states of a machine's newest request. */
export const installationOutcomes = ["pending", "success", "error", "cancelled"] as const;
export type InstallationStateName = (typeof installationOutcomes)[number];

/** Where a page of the newest requests ended. */
export interface InstallationListCursor {
  /** Microseconds since 1970. */
  requestedAt: string;
  machineId: MachineId;
}

/** Takes the first rows of each state by index, then the first of all those. */
export function installationListQuery(
  states: readonly InstallationStateName[],
  after: InstallationListCursor | undefined,
  limit: number,
) {
  const beyond =
    after === undefined
      ? sql``
      : sql`AND (s.requested_at, s.machine_id)
          < ('epoch'::timestamptz + ${after.requestedAt}::bigint * interval '1 microsecond', ${after.machineId})`;
  return sql<{ machine_id: MachineId; requested_at: string }>`
    SELECT s.machine_id, (extract(epoch FROM s.requested_at) * 1000000)::bigint::text AS requested_at
    FROM unnest(${[...(states.length === 0 ? installationOutcomes : new Set(states))]}::text[]) AS i (installation)
    CROSS JOIN LATERAL (
      SELECT s.machine_id, s.requested_at FROM machine_state s
      WHERE s.installation = i.installation AND s.installation IS NOT NULL ${beyond}
      ORDER BY s.requested_at DESC, s.machine_id DESC LIMIT ${limit}
    ) s
    ORDER BY s.requested_at DESC, s.machine_id DESC LIMIT ${limit}`;
}

/** Machines by their newest request, newest first. */
export async function installationList(
  database: Database,
  query: { states: readonly InstallationStateName[]; limit: number; after?: InstallationListCursor },
): Promise<{ machines: MachineRecord[]; next?: InstallationListCursor }> {
  const { rows } = await installationListQuery(query.states, query.after, query.limit + 1)
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const page = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? page.at(-1) : undefined;
  return {
    machines: await machinesShow(
      database,
      page.map((row) => row.machine_id),
    ),
    ...(last === undefined ? {} : { next: { requestedAt: last.requested_at, machineId: last.machine_id } }),
  };
}

/** A generation as the history has it. */
export interface InstallationPast {
  generation: Generation;
  requestedAt: Date;
  /** Absent if there is no final result: it was replaced, or is pending. */
  final?: { result: FinalResult; at: Date; error: string };
  /** The generation that replaced it. */
  replacedBy?: string;
}

interface PastRow {
  generation: Generation;
  requested_at: Date;
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
    SELECT h.generation, h.at AS requested_at,
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
    ...(row.result === null || row.ended_at === null
      ? {}
      : { final: { result: row.result, at: row.ended_at, error: row.error ?? "" } }),
    ...present({ replacedBy: row.replaced_by }),
  }));
}
