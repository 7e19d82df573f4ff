import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import type { Process } from "../../ids.ts";
import { operatorCommandFind, operatorCommandRecord } from "../../operator-command-record.ts";
import { machineLock } from "../../machine-lock.ts";
import type { OperatorCommand } from "../../operator-command.ts";
import { transact } from "../../transaction.ts";

/**
 * Ends a machine's backoffs; the intervals start again from the first.
 * @throws {DatabaseError} `not_found`; `refused` if there is none; `request_id_reused`
 */
export async function backoffClear(
  database: Database,
  command: OperatorCommand & { process?: Process; actor: Actor },
): Promise<void> {
  const { machineId, actor, process } = command;
  await transact(database, null, async (tx) => {
    const there = await machineLock(tx, machineId);
    if ((await operatorCommandFind(tx, command)) !== undefined) {
      return;
    }
    if (!there) {
      throw new DatabaseError("not_found", `there is no machine "${machineId}"`);
    }
    const cleared = await tx
      .deleteFrom("work_backoff")
      .where("machine_id", "=", machineId)
      .$if(process !== undefined, (query) => query.where("process", "=", process as Process))
      .returning(["process", "backoff_until", "cause"])
      .execute();
    if (cleared.length === 0) {
      const which = process === undefined ? "" : ` from ${process}`;
      throw new DatabaseError("refused", `nothing holds this machine back${which}: there is no backoff to clear`);
    }
    await operatorCommandRecord(tx, command, 0n);
    await historyAppend(
      tx,
      cleared.map((backoff) => ({
        machineId,
        actor,
        event: "backoff_cleared",
        process: backoff.process,
        detail: { until: backoff.backoff_until.toISOString(), cause: backoff.cause },
      })),
    );
  });
}
