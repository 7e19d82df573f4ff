import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { Generation, MachineId } from "../../ids.ts";
import type { InstallationFacts } from "../installation/installation-facts.ts";
import { present } from "../../../lib/defined.ts";

/** What a plan sees of a machine. */
export interface RolloutSight extends InstallationFacts {
  machineId: MachineId;
  lastGeneration: bigint;
  /** The digest of its labels. */
  labels: string;
  fingerprint: Uint8Array | null;
  pending: Generation | null;
  /** The reason of its quarantine. */
  quarantine: string | null;
  /** The rollout that holds it. */
  heldBy: string | null;
}

interface SightRow {
  machine_id: MachineId;
  last_generation: bigint;
  labels: string;
  hardware_report_fingerprint: Buffer | null;
  hardware_report_raw: Buffer | null;
  hardware_reported_at: Date | null;
  installed: Generation | null;
  digest: string | null;
  installed_at: Date | null;
  pending: Generation | null;
  quarantine: string | null;
  held_by: string | null;
}

/** Looks at machines for a plan, in the given order; those that are gone are not there. */
export async function rolloutSights(database: Database, machineIds: readonly MachineId[]): Promise<RolloutSight[]> {
  const { rows } = await sql<SightRow>`
    SELECT m.machine_id, m.last_generation, md5(m.labels::text) AS labels, h.hardware_report_fingerprint,
      h.hardware_report_raw, h.hardware_reported_at, d.generation AS installed, d.digest, d.installed_at,
      CASE WHEN installation_pending(q.generation, e.generation) THEN q.generation END AS pending,
      z.reason AS quarantine, o.rollout_name AS held_by
    FROM unnest(${[...machineIds]}::uuid[]) WITH ORDINALITY AS w (machine_id, place)
    JOIN machines m ON m.machine_id = w.machine_id
    LEFT JOIN machine_hardware_report h ON h.machine_id = m.machine_id
    LEFT JOIN machine_os_installed d ON d.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_report e ON e.machine_id = m.machine_id
    LEFT JOIN machine_quarantine z ON z.machine_id = m.machine_id
    LEFT JOIN machine_rollout_hold l ON l.machine_id = m.machine_id
    LEFT JOIN rollout o ON o.rollout_number = l.rollout_number
    ORDER BY w.place`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    lastGeneration: row.last_generation,
    labels: row.labels,
    fingerprint: row.hardware_report_fingerprint,
    pending: row.pending,
    quarantine: row.quarantine,
    heldBy: row.held_by,
    ...(row.hardware_report_raw === null || row.hardware_reported_at === null
      ? {}
      : { hardware: { raw: row.hardware_report_raw, at: row.hardware_reported_at } }),
    ...(row.installed === null || row.installed_at === null
      ? {}
      : { installed: { generation: row.installed, at: row.installed_at, ...present({ digest: row.digest }) } }),
  }));
}

/**
 * Seconds that installations of this image took from the request to their success, in the middle of the latest 200 by
 * profiles; undefined if there is none.
 */
export async function rolloutExpectedSeconds(database: Database, imageName: string): Promise<number | undefined> {
  const { rows } = await sql<{ seconds: number | null }>`
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM x.took)) AS seconds FROM (
      SELECT e.reported_at - q.requested_at AS took FROM machine_installation_profile p
      JOIN machine_os_installation_request q ON q.machine_id = p.machine_id AND q.generation = p.generation
      JOIN machine_os_installation_report e
        ON e.machine_id = p.machine_id AND e.generation = p.generation AND e.result = 'success'
      WHERE p.image_name = ${imageName} ORDER BY p.image_version DESC LIMIT 200
    ) x`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const seconds = rows[0]?.seconds ?? null;
  return seconds === null ? undefined : Math.max(1, Math.round(seconds));
}
