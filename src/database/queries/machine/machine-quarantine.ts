import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import { bootWindowClose } from "../boot/boot-window.ts";
import { historyAppend } from "../../history.ts";
import { installationStanding } from "../installation/installation-standing.ts";
import { installationCancelWrite } from "../installation/installation-cancel.ts";
import { retryForget } from "../installation/installation-retry-budget.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { OperatorCommand } from "../../operator-command.ts";

/**
 * Puts a machine in quarantine: ends its pending generation with the result cancelled (its agent aborts) and stops
 * further tries. Resolves to the cancelled generation; 0 if none was pending.
 * @throws {DatabaseError} `not_found`; `refused` if it is in quarantine already; `request_id_reused`
 */
export async function machineQuarantine(
  database: Database,
  request: OperatorCommand & { actor: Actor; reason: string },
): Promise<Generation | 0n> {
  const { machineId, actor, reason } = request;
  const { generation } = await operatorCommandOnce(database, request, async (tx) => {
    const { quarantine } = await installationStanding(tx, machineId);
    if (quarantine !== null) {
      throw new DatabaseError("refused", `this machine is in quarantine already (${quarantine}): release it first`);
    }
    return { generation: await machineQuarantineWrite(tx, { machineId, actor, reason, reportedBy: "operator" }) };
  });
  return generation;
}

/**
 * The same under the machine's lock, for a machine that is not in quarantine. Its boot window closes unless it was
 * used.
 */
export async function machineQuarantineWrite(
  tx: Tx,
  quarantine: { machineId: MachineId; actor: Actor; reason: string; reportedBy: "operator" | "system" },
): Promise<Generation | 0n> {
  const { machineId, actor, reason, reportedBy } = quarantine;
  const { pending } = await installationStanding(tx, machineId);
  if (pending !== null) {
    const cancelled = { machineId, actor, generation: pending, reason: `quarantined: ${reason}` };
    await installationCancelWrite(tx, { ...cancelled, reportedBy });
  }
  await retryForget(tx, machineId);
  await bootWindowClose(tx, { machineId, actor });
  await tx
    .insertInto("machine_quarantine")
    .values({ machine_id: machineId, reason, quarantined_by: actor.name })
    .execute();
  await historyAppend(tx, [{ machineId, actor, event: "machine_quarantined", detail: { reason } }]);
  return pending ?? 0n;
}

/**
 * Ends a machine's quarantine; cancelled requests stay cancelled.
 * @throws {DatabaseError} `not_found`; `refused` if it is not in quarantine; `request_id_reused`
 */
export async function machineRelease(database: Database, request: OperatorCommand & { actor: Actor }): Promise<void> {
  const { machineId, actor } = request;
  await operatorCommandOnce(database, request, async (tx) => {
    const { rows } = await sql<{ reason: string }>`
      DELETE FROM machine_quarantine WHERE machine_id = ${machineId} RETURNING reason`.execute(tx);
    const [lifted] = rows;
    if (lifted === undefined) {
      throw new DatabaseError("refused", "this machine is not in quarantine: there is nothing to release it from");
    }
    await historyAppend(tx, [{ machineId, actor, event: "machine_released", detail: { reason: lifted.reason } }]);
    return { generation: 0n };
  });
}
