import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { historyAppend } from "../../history.ts";
import { generation as toGeneration, type Generation, type MachineId } from "../../ids.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { OperatorCommand } from "../../operator-command.ts";
import type { Tx } from "../../transaction.ts";
import { retryArmed, retryForget } from "./installation-retry-budget.ts";
import { installationStanding } from "./installation-standing.ts";
import { finalReportWrite } from "./final-report-write.ts";

/** The result of a cancellation. */
export interface InstallationCancelled {
  generation: Generation;
  /** Whether a byte may have gone to the disk before. */
  diskTouched: boolean;
  /** Whether an earlier generation is still installed. */
  stillInstalled: boolean;
  /** The generation had already ended in an error; further tries are stopped. */
  retriesStopped: boolean;
}

/**
 * Ends the pending generation with the result cancelled, and its agent aborts. For a generation that already ended in
 * an error, stops further tries.
 * @throws {DatabaseError} `not_found`; `refused` if there is nothing to cancel, or if another generation than the given
 * one is current; `request_id_reused`
 */
export async function installationCancel(
  database: Database,
  request: OperatorCommand & { actor: Actor; generation?: bigint; reason: string },
): Promise<InstallationCancelled> {
  const { machineId, actor, reason } = request;
  const { generation, answer = {} } = await operatorCommandOnce(database, request, async (tx) => {
    const standing = await installationStanding(tx, machineId);
    const { pending, current } = standing;
    const armed = pending === null && current !== null && (await retryArmed(tx, machineId, current));
    const cancellable = armed ? current : pending;
    if (cancellable === null || (request.generation !== undefined && request.generation !== cancellable)) {
      throw nothingToCancel(cancellable, request.generation);
    }
    if (armed) {
      await retryForget(tx, machineId);
      await historyAppend(tx, [
        { machineId, actor, event: "installation_retries_stopped", generation: cancellable, detail: { reason } },
      ]);
    } else {
      await installationCancelWrite(tx, { machineId, actor, generation: cancellable, reason, reportedBy: "operator" });
    }
    const { diskTouched, installed } = standing;
    return {
      generation: cancellable,
      answer: { diskTouched, stillInstalled: installed !== null, retriesStopped: armed },
    };
  });
  return {
    generation: toGeneration(generation),
    diskTouched: answer["diskTouched"] === true,
    stillInstalled: answer["stillInstalled"] === true,
    retriesStopped: answer["retriesStopped"] === true,
  };
}

function nothingToCancel(cancellable: Generation | null, meant: bigint | undefined): DatabaseError {
  const now = cancellable === null ? "nothing is pending" : `generation ${cancellable} is pending`;
  const wanted = meant === undefined ? "" : `generation ${meant} is to be cancelled, but `;
  return new DatabaseError("refused", `${wanted}${now} on this machine: there is nothing to cancel`);
}

/** Ends the pending generation with the result cancelled. The machine must be locked and found pending. */
export async function installationCancelWrite(
  tx: Tx,
  cancel: {
    machineId: MachineId;
    actor: Actor;
    generation: Generation;
    reason: string;
    reportedBy: "operator" | "system";
  },
): Promise<void> {
  const { machineId, actor, generation, reason } = cancel;
  await finalReportWrite(tx, machineId, {
    generation,
    result: "cancelled",
    error: reason,
    reportedBy: cancel.reportedBy,
  });
  await historyAppend(tx, [{ machineId, actor, event: "installation_cancelled", generation, detail: { reason } }]);
}
