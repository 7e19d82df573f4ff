import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import { present } from "../../../lib/defined.ts";

/** The hardware of all machines together. */
export interface HardwareTotals extends HardwareAmountsTotal {
  /** Absent if it was not counted yet. */
  computedAt?: Date;
}

/** The hardware of several machines together. Bytes are doubles, because a fleet's disks may exceed 2^63 bytes. */
export interface HardwareAmountsTotal {
  /** Machines with a hardware report. */
  reports: number;
  cores: number;
  threads: number;
  memoryBytes: number;
  disks: number;
  diskBytes: number;
  /** Reports that could not be parsed. */
  unreadable: number;
}

/** The latest count. @throws {DatabaseError} `unavailable` */
export async function hardwareTotals(database: Database): Promise<HardwareTotals> {
  const row = await database.kysely
    .selectFrom("fleet_statistics")
    .selectAll()
    .executeTakeFirstOrThrow()
    .catch((error: unknown) => Promise.reject(translate(error)));
  return {
    ...present({ computedAt: row.computed_at }),
    reports: Number(row.hardware_reports),
    cores: Number(row.cpu_cores),
    threads: Number(row.cpu_threads),
    memoryBytes: Number(row.memory_bytes),
    disks: Number(row.disks),
    diskBytes: Number(row.disk_bytes),
    unreadable: Number(row.unreadable_reports),
  };
}

/** True if this janitor is to count now: the latest count is older than `seconds`, and no other janitor is counting. */
export async function hardwareTotalsClaim(database: Database, seconds: number): Promise<boolean> {
  const { rows } = await sql`
    UPDATE fleet_statistics SET claimed_until = now() + interval '10 minutes'
    WHERE (computed_at IS NULL OR computed_at <= now() - make_interval(secs => ${seconds}))
      AND (claimed_until IS NULL OR claimed_until <= now())
    RETURNING only_row`.execute(database.kysely);
  return rows.length === 1;
}

/** Stores a count and releases the claim on counting. */
export async function hardwareTotalsStore(database: Database, totals: HardwareTotals): Promise<void> {
  await sql`
    UPDATE fleet_statistics SET computed_at = now(), claimed_until = NULL, hardware_reports = ${totals.reports},
      cpu_cores = ${totals.cores}, cpu_threads = ${totals.threads}, memory_bytes = ${totals.memoryBytes}::float8::numeric,
      disks = ${totals.disks}, disk_bytes = ${totals.diskBytes}::float8::numeric,
      unreadable_reports = ${totals.unreadable}`.execute(database.kysely);
}

/** The latest reports of the machines after `after`, by machine, with where the machines come from and are. */
export async function hardwareReportsPage(
  database: Database,
  after: MachineId | undefined,
  limit: number,
): Promise<{ machineId: MachineId; raw: Uint8Array; provider: string; location: string }[]> {
  let query = database.kysely
    .selectFrom("machine_hardware_report as r")
    .leftJoin("machine_provided as p", "p.machine_id", "r.machine_id")
    .select(["r.machine_id", "r.hardware_report_raw", "p.provider", "p.provider_location"])
    .orderBy("r.machine_id")
    .limit(limit);
  if (after !== undefined) {
    query = query.where("r.machine_id", ">", after);
  }
  const rows = await query.execute();
  return rows.map((row) => ({
    machineId: row.machine_id,
    raw: row.hardware_report_raw,
    provider: row.provider ?? "",
    location: row.provider_location ?? "",
  }));
}
