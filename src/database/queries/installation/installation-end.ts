import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import { finalReportWrite } from "./final-report-write.ts";

/**
 * Ends the pending generation with an error, in the server's own name. The machine must be locked and found pending.
 */
export async function installationEndBySystem(
  tx: Tx,
  { machineId, generation }: { machineId: MachineId; generation: Generation },
  error: string,
): Promise<void> {
  await finalReportWrite(tx, machineId, { generation, result: "error", error, reportedBy: "system" });
  await historyAppend(tx, [
    {
      machineId,
      actor: { kind: "system", name: "farrier" },
      event: "installation_failed",
      generation,
      detail: { error },
    },
  ]);
}
