import { sql } from "kysely";
import { backoffJittered, backoffNext, type BackoffPolicy } from "../../backoff.ts";
import type { Generation, MachineId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/** A request's retry budget. Times in seconds. */
export interface InstallationRetryPolicy extends Required<BackoffPolicy> {
  /** 1 or more. */
  attempts: number;
}

/** Gives a newly stored request its budget. */
export async function retryBegin(
  tx: Tx,
  machineId: MachineId,
  generation: Generation,
  policy: InstallationRetryPolicy,
): Promise<void> {
  await retryWrite(tx, machineId, generation, policy, { attemptsLeft: policy.attempts, wait: backoffNext(policy) });
}

/** Records that a try of the budget was made: one try less, and a longer next wait. */
export async function retryGoOn(
  tx: Tx,
  machineId: MachineId,
  generation: Generation,
  budget: { policy: InstallationRetryPolicy; attemptsLeft: number; previousWait: number },
): Promise<void> {
  await retryWrite(tx, machineId, generation, budget.policy, {
    attemptsLeft: budget.attemptsLeft,
    wait: backoffNext(budget.policy, budget.previousWait),
  });
}

async function retryWrite(
  tx: Tx,
  machineId: MachineId,
  generation: Generation,
  policy: InstallationRetryPolicy,
  left: { attemptsLeft: number; wait: number },
): Promise<void> {
  const row = {
    generation,
    attempts: policy.attempts,
    attempts_left: left.attemptsLeft,
    initial_seconds: policy.initial,
    maximum_seconds: policy.maximum,
    exponent: policy.exponent,
    wait_seconds: BigInt(left.wait),
    wait_jittered_seconds: backoffJittered(left.wait),
    not_before: null,
  };
  await tx
    .insertInto("machine_os_installation_retry")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
}

/** Removes what is left of the budget. */
export async function retryForget(tx: Tx, machineId: MachineId): Promise<void> {
  await tx.deleteFrom("machine_os_installation_retry").where("machine_id", "=", machineId).execute();
}

/** Whether another try will follow this generation's error by itself. */
export async function retryArmed(tx: Tx, machineId: MachineId, generation: Generation): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM machine_os_installation_retry
    WHERE machine_id = ${machineId} AND generation = ${generation} AND not_before IS NOT NULL`.execute(tx);
  return rows.length === 1;
}
