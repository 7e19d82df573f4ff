import { sql } from "kysely";
import { DatabaseError } from "../../errors.ts";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** A machine's state of installation, read under its lock. */
export interface InstallationStanding {
  lastGeneration: bigint;
  /** The newest request's generation; null if nothing was requested. */
  current: Generation | null;
  pending: Generation | null;
  result: "success" | "error" | "cancelled" | null;
  requestRaw: Uint8Array | null;
  /** The reason of the quarantine; null if there is none. */
  quarantine: string | null;
  /** What is on the disk. */
  installed: { generation: Generation; digest: string | null; at: Date } | null;
  /** Whether the current generation may have written a byte to the disk. */
  diskTouched: boolean;
}

interface StandingRow {
  last_generation: bigint;
  current: Generation | null;
  pending: boolean;
  result: InstallationStanding["result"];
  os_installation_request_raw: Buffer | null;
  reason: string | null;
  installed_generation: Generation | null;
  installed_digest: string | null;
  installed_at: Date | null;
  disk_touched: boolean;
}

/**
 * Reads the state; in a transaction that has locked the machine it stays valid. An agent without a run id (its 32-byte
 * key replaces it) writes as soon as it gets a request.
 * @throws {DatabaseError} `not_found`
 */
export async function installationStanding(tx: Tx, machineId: MachineId): Promise<InstallationStanding> {
  const { rows } = await sql<StandingRow>`
    SELECT m.last_generation, q.generation AS current, installation_pending(q.generation, r.generation) AS pending,
      CASE WHEN r.generation = q.generation THEN r.result END AS result, q.os_installation_request_raw, z.reason,
      d.generation AS installed_generation, d.digest AS installed_digest, d.installed_at,
      (g.writing_since IS NOT NULL OR EXISTS (
        SELECT FROM machine_os_installation_run u
        WHERE u.machine_id = m.machine_id AND u.generation = q.generation AND octet_length(u.run) = 32
      )) AS disk_touched
    FROM machines m
    LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_progress g ON g.machine_id = m.machine_id AND g.generation = q.generation
    LEFT JOIN machine_os_installed d ON d.machine_id = m.machine_id
    LEFT JOIN machine_quarantine z ON z.machine_id = m.machine_id
    WHERE m.machine_id = ${machineId}`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${machineId}"`);
  }
  return {
    lastGeneration: row.last_generation,
    current: row.current,
    pending: row.pending ? row.current : null,
    result: row.result,
    requestRaw: row.os_installation_request_raw,
    quarantine: row.reason,
    installed:
      row.installed_generation === null || row.installed_at === null
        ? null
        : { generation: row.installed_generation, digest: row.installed_digest, at: row.installed_at },
    diskTouched: row.disk_touched,
  };
}
