import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { HardwareAmountsTotal } from "./hardware-totals.ts";

/** The hardware of the machines of one provider at one location; "" for machines without one. */
export interface HardwareGroup {
  provider: string;
  location: string;
  /** The rest of the fleet together, beyond {@link hardwareGroupsLimit}. */
  others: boolean;
  totals: HardwareAmountsTotal;
}

/** Maximum number of groups that are stored. */
export const hardwareGroupsLimit = 1_000;

interface GroupRow {
  provider: string;
  location: string;
  others: boolean;
  hardware_reports: bigint;
  cpu_cores: bigint;
  cpu_threads: bigint;
  memory_bytes: string;
  disks: bigint;
  disk_bytes: string;
  unreadable_reports: bigint;
}

/** The latest count, most machines first, the others last. @throws {DatabaseError} `unavailable` */
export async function hardwareGroups(database: Database): Promise<HardwareGroup[]> {
  const { rows } = await sql<GroupRow>`
    SELECT * FROM fleet_hardware ORDER BY others, hardware_reports DESC, provider, location`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map(({ provider, location, others, ...row }) => ({
    provider,
    location,
    others,
    totals: {
      reports: Number(row.hardware_reports),
      cores: Number(row.cpu_cores),
      threads: Number(row.cpu_threads),
      memoryBytes: Number(row.memory_bytes),
      disks: Number(row.disks),
      diskBytes: Number(row.disk_bytes),
      unreadable: Number(row.unreadable_reports),
    },
  }));
}

/** Stores a count in place of the latest; at most {@link hardwareGroupsLimit} groups. */
export async function hardwareGroupsStore(database: Database, groups: readonly HardwareGroup[]): Promise<void> {
  const rows = groups.map(({ provider, location, others, totals }) => ({
    ...{ provider, location, others },
    hardware_reports: totals.reports,
    cpu_cores: totals.cores,
    cpu_threads: totals.threads,
    memory_bytes: totals.memoryBytes,
    disks: totals.disks,
    disk_bytes: totals.diskBytes,
    unreadable_reports: totals.unreadable,
  }));
  // Two statements of one transaction: a part of a statement does not see that another has deleted a key.
  await database.kysely.transaction().execute(async (tx) => {
    await sql`DELETE FROM fleet_hardware`.execute(tx);
    await sql`
      INSERT INTO fleet_hardware SELECT provider, location, others, hardware_reports, cpu_cores, cpu_threads,
        memory_bytes::numeric, disks, disk_bytes::numeric, unreadable_reports
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r (
        provider text, location text, others boolean, hardware_reports bigint, cpu_cores bigint, cpu_threads bigint,
        memory_bytes float8, disks bigint, disk_bytes float8, unreadable_reports bigint
      )`.execute(tx);
  });
}
