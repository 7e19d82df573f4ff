import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** A hardware report as it was received. */
export interface HardwareRecord {
  /** A machine's first report has number 1. */
  number: bigint;
  reportedAt: Date;
  /** The serialised AgentHardwareReport. */
  raw: Uint8Array;
}

interface HardwareRow {
  report_number: bigint;
  hardware_reported_at: Date;
  hardware_report_raw: Uint8Array;
}

/** The stored reports of a machine, latest first; with a number, only that report. */
async function reports(database: Database, machineId: MachineId, number?: bigint): Promise<HardwareRecord[]> {
  const condition = number === undefined ? sql`true` : sql`report_number = ${number}`;
  const { rows } = await sql<HardwareRow>`
    SELECT report_number, hardware_reported_at, hardware_report_raw FROM machine_hardware_report
    WHERE machine_id = ${machineId} AND ${condition}
    UNION ALL
    SELECT report_number, hardware_reported_at, hardware_report_raw FROM machine_hardware_report_earlier
    WHERE machine_id = ${machineId} AND ${condition}
    ORDER BY report_number DESC`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    number: row.report_number,
    reportedAt: row.hardware_reported_at,
    raw: row.hardware_report_raw,
  }));
}

/**
 * A machine's hardware reports, latest first.
 * @throws {DatabaseError} `not_found` if there is no such machine
 */
export async function hardwareList(database: Database, machineId: MachineId): Promise<HardwareRecord[]> {
  const found = await reports(database, machineId);
  if (found.length === 0) {
    await machineMust(database, machineId);
  }
  return found;
}

/**
 * One report; 0 means the latest.
 * @throws {DatabaseError} `not_found`, naming the reports that exist
 */
export async function hardwareShow(database: Database, machineId: MachineId, number: bigint): Promise<HardwareRecord> {
  const [found] =
    number === 0n ? (await reports(database, machineId)).slice(0, 1) : await reports(database, machineId, number);
  if (found !== undefined) {
    return found;
  }
  const kept = await hardwareList(database, machineId);
  const there =
    kept.length === 0
      ? "its agent has not reported any hardware yet"
      : `there are ${kept.map((report) => report.number).join(", ")}`;
  throw new DatabaseError(
    "not_found",
    `this machine has no hardware report ${number === 0n ? "" : `${number} `}(${there})`,
  );
}

/** @throws {DatabaseError} `not_found` */
async function machineMust(database: Database, machineId: MachineId): Promise<void> {
  const row = await database.kysely
    .selectFrom("machines")
    .select("machine_id")
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  if (row === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${machineId}": \`farrier machine list\` shows all`);
  }
}
