import { sql } from "kysely";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** Writes a final result that is the control plane's own, and not an agent's report. */
export async function finalReportWrite(
  tx: Tx,
  machineId: MachineId,
  final: { generation: Generation; result: "error" | "cancelled"; error: string; reportedBy: string },
): Promise<void> {
  const row = {
    generation: final.generation,
    result: final.result,
    error: final.error,
    os_installation_report_raw: null,
    reported_by: final.reportedBy,
    reported_at: sql<Date>`now()`,
  };
  await tx
    .insertInto("machine_os_installation_report")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
}
