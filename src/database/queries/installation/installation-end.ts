import { sql } from "kysely";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";

/**
 * Ends the pending generation with an error, in the server's own name. The machine must be locked and found pending.
 */
export async function installationEndBySystem(
  tx: Tx,
  { machineId, generation }: { machineId: MachineId; generation: Generation },
  error: string,
): Promise<void> {
  const row = {
    generation,
    result: "error",
    error,
    os_installation_report_raw: null,
    reported_by: "system",
    reported_at: sql<Date>`now()`,
  };
  await tx
    .insertInto("machine_os_installation_report")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
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
