import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";

/** A hardware report that came with a call other than a heartbeat. */
export interface HardwareReport {
  /** As it was received. */
  raw: Uint8Array;
  fingerprint: Uint8Array;
}

/**
 * Stores a machine's hardware report as a heartbeat would: only if the hardware differs; the previous report moves to
 * the earlier ones. The machine must be locked.
 */
export async function hardwareReportWrite(
  tx: Tx,
  machineId: MachineId,
  { raw, fingerprint }: HardwareReport,
  actor: Actor,
): Promise<void> {
  const before = await tx
    .selectFrom("machine_hardware_report")
    .selectAll()
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  if (before?.hardware_report_fingerprint.equals(fingerprint) === true) {
    return;
  }
  if (before !== undefined) {
    await tx.insertInto("machine_hardware_report_earlier").values(before).execute();
    // With the new report and the previous one, 20 are kept.
    await tx
      .deleteFrom("machine_hardware_report_earlier")
      .where("machine_id", "=", machineId)
      .where("report_number", "<=", before.report_number - 19n)
      .execute();
  }
  const row = {
    report_number: (before?.report_number ?? 0n) + 1n,
    hardware_reported_at: sql<Date>`now()`,
    hardware_report_fingerprint: Buffer.from(fingerprint),
    hardware_report_raw: Buffer.from(raw),
  };
  await tx
    .insertInto("machine_hardware_report")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
  await historyAppend(tx, [{ machineId, actor, event: "hardware_reported" }]);
}
