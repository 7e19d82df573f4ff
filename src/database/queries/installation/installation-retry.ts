import { sql } from "kysely";
import { present } from "../../../lib/defined.ts";
import { CodedError } from "../../../lib/errors.ts";
import { system, type Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { generation as toGeneration, type Generation, type MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { cameUpExpectAgain } from "../came-up/came-up-expect.ts";
import { historyAppend } from "../../history.ts";
import { installationStanding } from "./installation-standing.ts";
import { quarantineRefuse } from "./installation-facts.ts";
import { installationRequestWrite } from "./installation-request.ts";
import { retryBegin, retryForget, retryGoOn, type InstallationRetryPolicy } from "./installation-retry-budget.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import { machineLock } from "../../machine-lock.ts";
import type { OperatorCommand } from "../../operator-command.ts";

/** A stored request under another generation. */
export interface Reserialised {
  raw: Uint8Array;
  /** SHA-256 of the one-time token that its vendor data has now; absent if they have none. */
  tokenDigest?: Uint8Array;
}

/** A stored request that is to be repeated. */
export interface RepeatedRequest {
  machineId: MachineId;
  generation: Generation;
  /** Its image in the catalogue; without its sealed source if it was deleted. Absent: it was requested by its URL. */
  origin?: { name: string; version: number; sealedSource?: Uint8Array };
}

/**
 * Serialises a stored request with another generation, and a token of its own; throws if it can't be parsed, and a
 * {@link DatabaseError} `refused` if it must not be repeated.
 */
export type Reserialise = (raw: Uint8Array, generation: Generation, stored: RepeatedRequest) => Reserialised;

/**
 * Repeats a request that ended in an error or was cancelled, as a new generation.
 * @throws {DatabaseError} `not_found`; `refused` if the generation is not the newest, is pending or succeeded, if its
 * request can't be parsed, or in quarantine; `request_id_reused`
 */
export async function installationRetry(
  database: Database,
  request: OperatorCommand & {
    actor: Actor;
    generation: bigint;
    reserialise: Reserialise;
    retry?: InstallationRetryPolicy;
  },
): Promise<Generation> {
  const { machineId, actor } = request;
  const outcome = await operatorCommandOnce(database, request, async (tx) => {
    const standing = await installationStanding(tx, machineId);
    quarantineRefuse(standing.quarantine);
    const { current, pending, result, requestRaw, lastGeneration } = standing;
    if (current === null || requestRaw === null || current !== request.generation) {
      const now = current === null ? "nothing was ever requested" : `its newest is generation ${current}`;
      throw new DatabaseError(
        "refused",
        `generation ${request.generation} can't be retried: ${now}; check the machine`,
      );
    }
    if (pending !== null || (result !== "error" && result !== "cancelled")) {
      const why = pending === null ? "succeeded: make a new request to install it again" : "is still pending";
      throw new DatabaseError(
        "refused",
        `generation ${current} ${why}: only a failed or cancelled generation can be retried`,
      );
    }
    const next = toGeneration(lastGeneration + 1n);
    const again = reserialised(request.reserialise, requestRaw, next, await repeated(tx, machineId, current));
    await installationRequestWrite(tx, {
      origin: "same",
      machineId,
      actor,
      generation: next,
      raw: again.raw,
      digest: await digestOf(tx, machineId),
      replaced: null,
      detail: {
        retryOf: String(current),
        ...(request.retry === undefined ? {} : { retries: request.retry.attempts }),
      },
    });
    await cameUpExpectAgain(tx, machineId, { ...again, earlier: current, generation: next });
    if (request.retry !== undefined) {
      await retryBegin(tx, machineId, next, request.retry);
    }
    return { generation: next };
  });
  return toGeneration(outcome.generation);
}

function reserialised(...[reserialise, ...request]: [Reserialise, ...Parameters<Reserialise>]): Reserialised {
  try {
    return reserialise(...request);
  } catch (cause) {
    if (cause instanceof CodedError) {
      // It is sealed, and says itself why it does not open.
      throw cause;
    }
    throw new DatabaseError("refused", "the stored request can't be read: make a new request", { cause });
  }
}

async function repeated(tx: Tx, machineId: MachineId, generation: Generation): Promise<RepeatedRequest> {
  const { rows } = await sql<{ image_name: string; image_version: number; sealed_source: Buffer | null }>`
    SELECT p.image_name, p.image_version, v.sealed_source FROM machine_installation_profile p
    LEFT JOIN image_version v ON v.image_name = p.image_name AND v.version = p.image_version
    WHERE p.machine_id = ${machineId} AND p.generation = ${generation}`.execute(tx);
  const [row] = rows;
  return row === undefined
    ? { machineId, generation }
    : {
        machineId,
        generation,
        origin: { name: row.image_name, version: row.image_version, ...present({ sealedSource: row.sealed_source }) },
      };
}

async function digestOf(tx: Tx, machineId: MachineId): Promise<string | null> {
  const row = await tx
    .selectFrom("machine_os_installation_request")
    .select("digest")
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  return row?.digest ?? null;
}

/** The result of an automatic retry. */
export interface RetryDone {
  machineId: MachineId;
  /** The new generation; absent if none was made. */
  generation?: Generation;
}

/**
 * Makes the next generation for up to `limit` requests that ended in an error, have budget left, and have waited long
 * enough.
 */
export async function installationRetriesMake(
  database: Database,
  reserialise: Reserialise,
  limit: number,
): Promise<RetryDone[]> {
  const { rows } = await sql<{ machine_id: MachineId }>`
    SELECT machine_id FROM machine_os_installation_retry WHERE not_before <= now()
    ORDER BY not_before LIMIT ${limit}`.execute(database.kysely);
  const done: RetryDone[] = [];
  for (const { machine_id: machineId } of rows) {
    const made = await transact(database, null, (tx) => retryMake(tx, machineId, reserialise));
    if (made !== undefined) {
      done.push(made);
    }
  }
  return done;
}

async function retryMake(tx: Tx, machineId: MachineId, reserialise: Reserialise): Promise<RetryDone | undefined> {
  await machineLock(tx, machineId);
  // Checked again under the lock: it may have been cancelled or replaced, or another janitor may have retried it.
  const budget = await tx
    .selectFrom("machine_os_installation_retry")
    .selectAll()
    .where("machine_id", "=", machineId)
    .where(sql<boolean>`not_before <= now()`)
    .executeTakeFirst();
  if (budget === undefined) {
    return undefined;
  }
  const { current, result, requestRaw, lastGeneration, quarantine } = await installationStanding(tx, machineId);
  if (current !== budget.generation || result !== "error" || requestRaw === null || quarantine !== null) {
    await retryForget(tx, machineId);
    return { machineId };
  }
  const next = toGeneration(lastGeneration + 1n);
  let again: Reserialised;
  try {
    again = reserialise(requestRaw, next, await repeated(tx, machineId, current));
  } catch (error) {
    if (error instanceof CodedError && error.code === "key_missing") {
      // With the key it can be read. The others of the queue come first meanwhile.
      await tx
        .updateTable("machine_os_installation_retry")
        .set({ not_before: sql<Date>`now() + interval '1 minute'` })
        .where("machine_id", "=", machineId)
        .execute();
      return undefined;
    }
    // A request that can't be parsed can't be handed out either: it would fail again.
    await retryForget(tx, machineId);
    const refused = error instanceof DatabaseError && error.code === "refused";
    const detail = { reason: refused ? error.message : "the stored request can't be read" };
    await historyAppend(tx, [
      { machineId, actor: system, event: "installation_retries_stopped", generation: current, detail },
    ]);
    return { machineId };
  }
  const attemptsLeft = budget.attempts_left - 1;
  await installationRequestWrite(tx, {
    origin: "same",
    machineId,
    actor: system,
    generation: next,
    raw: again.raw,
    digest: await digestOf(tx, machineId),
    replaced: null,
    detail: { retryOf: String(current), attemptsLeft },
  });
  await cameUpExpectAgain(tx, machineId, { ...again, earlier: current, generation: next });
  await retryGoOn(tx, machineId, next, {
    attemptsLeft,
    previousWait: Number(budget.wait_seconds),
    policy: {
      attempts: budget.attempts,
      initial: budget.initial_seconds,
      maximum: budget.maximum_seconds,
      exponent: budget.exponent,
    },
  });
  return { machineId, generation: next };
}
