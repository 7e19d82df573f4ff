import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { generation as toGeneration, type Generation, type MachineId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import { retryArmed, retryBegin, retryForget, type InstallationRetryPolicy } from "./installation-retry-budget.ts";
import { operatorCommandOnce, type OperatorCommand } from "../../operator-command.ts";

/** A machine's state of installation, read under its lock. */
export interface InstallationStanding {
  lastGeneration: bigint;
  /** The newest request's generation; null if nothing was requested. */
  current: Generation | null;
  pending: Generation | null;
  result: "success" | "error" | "cancelled" | null;
  requestRaw: Uint8Array | null;
  /** The reason of the quarantine; null if there is none. */
  quarantine: string | null;
  /** What is on the disk. */
  installed: { generation: Generation; digest: string | null; at: Date } | null;
  /** Whether the current generation may have written a byte to the disk. */
  diskTouched: boolean;
}

interface StandingRow {
  last_generation: bigint;
  current: Generation | null;
  pending: boolean;
  result: InstallationStanding["result"];
  os_installation_request_raw: Buffer | null;
  reason: string | null;
  installed_generation: Generation | null;
  installed_digest: string | null;
  installed_at: Date | null;
  disk_touched: boolean;
}

/**
 * Reads the state; in a transaction that has locked the machine it stays valid. An agent without a run id (its 32-byte
 * key replaces it) writes as soon as it gets a request.
 * @throws {DatabaseError} `not_found`
 */
export async function installationStanding(tx: Tx, machineId: MachineId): Promise<InstallationStanding> {
  const { rows } = await sql<StandingRow>`
    SELECT m.last_generation, q.generation AS current, installation_pending(q.generation, r.generation) AS pending,
      CASE WHEN r.generation = q.generation THEN r.result END AS result, q.os_installation_request_raw, z.reason,
      d.generation AS installed_generation, d.digest AS installed_digest, d.installed_at,
      (g.writing_since IS NOT NULL OR EXISTS (
        SELECT FROM machine_os_installation_run u
        WHERE u.machine_id = m.machine_id AND u.generation = q.generation AND octet_length(u.run) = 32
      )) AS disk_touched
    FROM machines m
    LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_progress g ON g.machine_id = m.machine_id AND g.generation = q.generation
    LEFT JOIN machine_os_installed d ON d.machine_id = m.machine_id
    LEFT JOIN machine_quarantine z ON z.machine_id = m.machine_id
    WHERE m.machine_id = ${machineId}`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${machineId}"`);
  }
  return {
    lastGeneration: row.last_generation,
    current: row.current,
    pending: row.pending ? row.current : null,
    result: row.result,
    requestRaw: row.os_installation_request_raw,
    quarantine: row.reason,
    installed:
      row.installed_generation === null || row.installed_at === null
        ? null
        : { generation: row.installed_generation, digest: row.installed_digest, at: row.installed_at },
    diskTouched: row.disk_touched,
  };
}

/** What is known about a machine when a request is checked. */
export interface InstallationFacts {
  /** The latest hardware report, serialised. */
  hardware?: { raw: Uint8Array; at: Date };
  installed?: { generation: Generation; digest?: string; at: Date };
}

/** A requested installation. */
export interface InstallationOrder {
  actor: Actor;
  /** Serialises an OSInstallationRequest with that generation. */
  serialise: (generation: Generation) => Uint8Array;
  digest?: string;
  /** The pending generation to replace. */
  replace?: bigint;
  /** A generation greater than the next one, if the caller numbers them. */
  generation?: Generation;
  /** The retry budget. */
  retry?: InstallationRetryPolicy;
  detail?: Record<string, unknown>;
  /** Throws if, according to the facts, the machine can't carry out the request. */
  check?: (facts: InstallationFacts) => void;
}

/**
 * Requests an installation, once per request id: takes the next generation, serialises the message with it and stores
 * it. A repeated command gets the same generation, however the installation went on.
 * @throws {DatabaseError} `not_found`; `refused` while another generation is pending that `replace` does not name, if
 * the one it names is not pending, if the given generation is not greater than the last, or in quarantine;
 * `request_id_reused`; and what `check` throws
 */
export async function installationRequest(
  database: Database,
  request: OperatorCommand & InstallationOrder,
): Promise<Generation> {
  const { machineId } = request;
  const { generation } = await operatorCommandOnce(database, request, async (tx) => {
    const standing = await installationStanding(tx, machineId);
    installationRequestAllowed(standing, request);
    request.check?.(await installationFacts(tx, machineId, standing));
    const next = request.generation ?? toGeneration(standing.lastGeneration + 1n);
    await installationRequestWrite(tx, {
      machineId,
      actor: request.actor,
      generation: next,
      raw: request.serialise(next),
      digest: request.digest ?? null,
      replaced: standing.pending,
      detail: {
        ...request.detail,
        ...(request.retry === undefined ? {} : { retries: request.retry.attempts }),
      },
    });
    if (request.retry !== undefined) {
      await retryBegin(tx, machineId, next, request.retry);
    }
    return { generation: next };
  });
  return toGeneration(generation);
}

/**
 * Checks whether a request would be accepted now; changes nothing.
 * @throws {DatabaseError} as {@link installationRequest} does
 */
export async function installationDryRun(
  database: Database,
  machineId: MachineId,
  order: Pick<InstallationOrder, "replace" | "generation" | "check">,
): Promise<void> {
  await transact(database, null, async (tx) => {
    const standing = await installationStanding(tx, machineId);
    installationRequestAllowed(standing, order);
    order.check?.(await installationFacts(tx, machineId, standing));
  });
}

async function installationFacts(
  tx: Tx,
  machineId: MachineId,
  { installed }: InstallationStanding,
): Promise<InstallationFacts> {
  const hardware = await tx
    .selectFrom("machine_hardware_report")
    .select(["hardware_report_raw", "hardware_reported_at"])
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  return {
    ...(hardware === undefined
      ? {}
      : { hardware: { raw: hardware.hardware_report_raw, at: hardware.hardware_reported_at } }),
    ...(installed === null
      ? {}
      : {
          installed: {
            generation: installed.generation,
            at: installed.at,
            ...(installed.digest === null ? {} : { digest: installed.digest }),
          },
        }),
  };
}

function installationRequestAllowed(
  { pending, quarantine, lastGeneration }: InstallationStanding,
  { replace, generation }: Pick<InstallationOrder, "replace" | "generation">,
): void {
  quarantineRefuse(quarantine);
  if (pending !== null && replace === undefined) {
    throw new DatabaseError(
      "refused",
      `generation ${pending} is pending on this machine: wait for it, cancel it, or replace it by naming it`,
    );
  }
  if (replace !== undefined && replace !== pending) {
    const now = pending === null ? "nothing is pending" : `generation ${pending} is pending`;
    throw new DatabaseError(
      "refused",
      `generation ${replace} is to be replaced, but ${now} on this machine: look again`,
    );
  }
  if (generation !== undefined && generation <= lastGeneration) {
    throw new DatabaseError(
      "refused",
      `generation ${generation} is not greater than this machine's last one, ${lastGeneration}: generations only grow`,
    );
  }
}

/** Refuses requests for a machine in quarantine. @throws {DatabaseError} `refused` */
export function quarantineRefuse(reason: string | null): void {
  if (reason !== null) {
    throw new DatabaseError("refused", `this machine is in quarantine (${reason}): release it first`);
  }
}

/** Stores a request as a new generation, without a retry budget. The machine must be locked. */
export async function installationRequestWrite(
  tx: Tx,
  request: {
    machineId: MachineId;
    actor: Actor;
    generation: Generation;
    raw: Uint8Array;
    digest: string | null;
    /** The pending generation that it replaces. */
    replaced: Generation | null;
    detail: Record<string, unknown>;
  },
): Promise<void> {
  const { machineId, actor, generation, replaced, detail } = request;
  const row = {
    generation,
    os_installation_request_raw: Buffer.from(request.raw),
    digest: request.digest,
    requested_at: sql<Date>`now()`,
  };
  await tx
    .insertInto("machine_os_installation_request")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
  await tx
    .deleteFrom("machine_os_installation_run")
    .where("machine_id", "=", machineId)
    .where("generation", "<", generation)
    .execute();
  await retryForget(tx, machineId);
  await historyAppend(tx, [
    ...(replaced === null
      ? []
      : [
          {
            machineId,
            actor,
            event: "installation_replaced" as const,
            generation: replaced,
            detail: { by: String(generation) },
          },
        ]),
    { machineId, actor, event: "installation_requested", generation, detail },
  ]);
}

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
  const row = {
    generation,
    result: "cancelled",
    error: reason,
    os_installation_report_raw: null,
    reported_by: cancel.reportedBy,
    reported_at: sql<Date>`now()`,
  };
  await tx
    .insertInto("machine_os_installation_report")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
  await historyAppend(tx, [{ machineId, actor, event: "installation_cancelled", generation, detail: { reason } }]);
}
