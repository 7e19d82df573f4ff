import { createHash } from "node:crypto";
import { sql } from "kysely";
import { DatabaseError } from "../../errors.ts";
import { requestId, type Generation, type MachineId, type RequestId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";
import type { RolloutRecord } from "./rollout-record.ts";

/** An installation that a rollout wants. */
export interface RolloutOrder {
  rollout: Pick<RolloutRecord, "number" | "name" | "profile" | "sealedValues">;
  machineId: MachineId;
  /** How many times the machine was begun: each has a request id of its own. */
  attempt: number;
  /** The generation that it must get: nothing else was requested since the plan. */
  generation: Generation;
}

/** The answer; what may succeed later is thrown instead. */
export type RolloutOrdered =
  | { kind: "requested"; generation: Generation }
  | { kind: "refused"; error: string }
  /** The rollout was paused, stopped or cancelled meanwhile, or the machine is not at this attempt any more. */
  | { kind: "withdrawn" };

/** What requests the installations of rollouts. */
export interface RolloutRequester {
  /** Why it can't request anything now: this process may not use the secrets' keys. */
  problem(): string | undefined;
  /**
   * Requests an installation, exactly once for each rollout, machine and attempt, however often it is called, and only
   * while the rollout is running.
   * @throws {DatabaseError} `unavailable`, `busy`; {SecretsError}
   */
  request(order: RolloutOrder): Promise<RolloutOrdered>;
}

/** The same for the same rollout, machine and attempt, as a UUID of version 8. Pure. */
export function rolloutRequestId({
  rollout,
  machineId,
  attempt,
}: {
  rollout: Pick<RolloutRecord, "number" | "name">;
  machineId: MachineId;
  attempt: number;
}): RequestId {
  const bytes = createHash("sha256")
    .update(`rollout ${rollout.number} ${rollout.name} ${machineId} ${attempt}`)
    .digest();
  const hex = bytes.toString("hex");
  return requestId(
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`,
  );
}

/** The generation that was requested by this request id, if it was. */
export async function rolloutRequestFind(tx: Tx, machineId: MachineId, id: RequestId): Promise<Generation | undefined> {
  const { rows } = await sql<{ generation: Generation }>`
    SELECT generation FROM operator_command WHERE machine_id = ${machineId} AND request_id = ${id}`.execute(tx);
  return rows[0]?.generation;
}

/**
 * Holds an order until the end of the transaction that carries it out: {@link rolloutMachineRecall} waits for it.
 * @throws {DatabaseError} `refused` if the rollout is not running, or the machine is not at this attempt
 */
export async function rolloutOrderHold(tx: Tx, { rollout, machineId, attempt }: RolloutOrder): Promise<void> {
  const { rows } = await sql<{ state: string }>`
    SELECT o.state FROM rollout_machine r JOIN rollout o ON o.rollout_number = r.rollout_number
    WHERE r.machine_id = ${machineId} AND r.rollout_number = ${rollout.number} AND r.attempt = ${attempt}
      AND r.state = 'requested' AND r.generation IS NULL FOR SHARE OF r`.execute(tx);
  if (rows[0]?.state !== "running") {
    throw new DatabaseError("refused", `rollout "${rollout.name}" does not want this installation any more`);
  }
}
