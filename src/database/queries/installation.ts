import { sql } from "kysely";
import type { Actor } from "../actor.ts";
import type { Database } from "../connect.ts";
import { DatabaseError } from "../errors.ts";
import { generation as toGeneration, type Generation, type MachineId } from "../ids.ts";
import { transact, type Tx } from "../transaction.ts";
import { historyAppend } from "./history.ts";
import { machineLock, operatorCommandFind, operatorCommandRecord, type OperatorCommand } from "./operator-command.ts";

/** How a machine stands, read under its lock. */
interface Standing {
  lastGeneration: bigint;
  pending: Generation | null;
}

async function standing(tx: Tx, machineId: MachineId): Promise<Standing> {
  const { rows } = await sql<{ last_generation: bigint; pending: Generation | null }>`
    SELECT m.last_generation,
      CASE WHEN installation_pending(q.generation, r.generation) THEN q.generation END AS pending
    FROM machines m
    LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id
    WHERE m.machine_id = ${machineId}`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${machineId}"`);
  }
  return { lastGeneration: row.last_generation, pending: row.pending };
}

/** Locks the machine, answers a repeated command from its record, or carries it out and records it. */
async function once(
  database: Database,
  command: OperatorCommand,
  carryOut: (tx: Tx) => Promise<Generation>,
): Promise<Generation> {
  return transact(database, null, async (tx) => {
    const there = await machineLock(tx, command.machineId);
    const before = await operatorCommandFind(tx, command);
    if (before !== undefined) {
      return toGeneration(before);
    }
    if (!there) {
      throw new DatabaseError("not_found", `there is no machine "${command.machineId}"`);
    }
    const generation = await carryOut(tx);
    await operatorCommandRecord(tx, command, generation);
    return generation;
  });
}

/**
 * Asks a machine to install, once: takes the next generation, has the message serialised with it, stores it. The same
 * command again gets the same generation, whatever became of it.
 * @throws {DatabaseError} `not_found`; `refused` while another generation is pending that `replace` does not name, when
 * the one it names is not, or when the given generation is not greater than the last; `request_id_reused`
 */
export async function installationRequest(
  database: Database,
  request: OperatorCommand & {
    actor: Actor;
    /** Serialised OSInstallationRequest of that generation. */
    serialise: (generation: Generation) => Uint8Array;
    digest?: string;
    /** The pending generation that this one takes the place of. */
    replace?: bigint;
    /** A greater generation than the next one, where the caller counts them. */
    generation?: Generation;
    detail?: Record<string, unknown>;
  },
): Promise<Generation> {
  const { machineId, actor } = request;
  return once(database, request, async (tx) => {
    const { lastGeneration, pending } = await standing(tx, machineId);
    installationRequestAllowed(pending, request.replace);
    if (request.generation !== undefined && request.generation <= lastGeneration) {
      throw new DatabaseError(
        "refused",
        `generation ${request.generation} is not greater than this machine's last one, ${lastGeneration}: generations only grow`,
      );
    }
    const generation = request.generation ?? toGeneration(lastGeneration + 1n);
    const row = {
      generation,
      os_installation_request_raw: Buffer.from(request.serialise(generation)),
      digest: request.digest ?? null,
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
    await historyAppend(tx, [
      ...(pending === null
        ? []
        : [
            {
              machineId,
              actor,
              event: "installation_replaced" as const,
              generation: pending,
              detail: { by: String(generation) },
            },
          ]),
      { machineId, actor, event: "installation_requested", generation, detail: request.detail ?? {} },
    ]);
    return generation;
  });
}

function installationRequestAllowed(pending: Generation | null, replace: bigint | undefined): void {
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
}

/**
 * Ends the pending generation with the result cancelled; its agent aborts.
 * @throws {DatabaseError} `not_found`; `refused` where nothing is pending, or another generation than the one meant is;
 * `request_id_reused`
 */
export async function installationCancel(
  database: Database,
  request: OperatorCommand & { actor: Actor; generation?: bigint; reason: string },
): Promise<Generation> {
  const { machineId, actor } = request;
  return once(database, request, async (tx) => {
    const { pending } = await standing(tx, machineId);
    if (pending === null || (request.generation !== undefined && request.generation !== pending)) {
      const now = pending === null ? "nothing is pending" : `generation ${pending} is pending`;
      const meant = request.generation === undefined ? "" : `generation ${request.generation} is to be cancelled, but `;
      throw new DatabaseError("refused", `${meant}${now} on this machine: there is nothing to cancel`);
    }
    await installationReportWrite(tx, {
      machineId,
      generation: pending,
      result: "cancelled",
      error: request.reason,
      reportedBy: "operator",
    });
    await historyAppend(tx, [
      { machineId, actor, event: "installation_cancelled", generation: pending, detail: { reason: request.reason } },
    ]);
    return pending;
  });
}

/** Writes the final result of the pending generation. The machine must be locked and found pending. */
export async function installationReportWrite(
  tx: Tx,
  report: {
    machineId: MachineId;
    generation: Generation;
    result: "error" | "cancelled";
    error: string;
    reportedBy: "operator" | "system";
  },
): Promise<void> {
  const row = {
    generation: report.generation,
    result: report.result,
    error: report.error,
    os_installation_report_raw: null,
    reported_by: report.reportedBy,
    reported_at: sql<Date>`now()`,
  };
  await tx
    .insertInto("machine_os_installation_report")
    .values({ machine_id: report.machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
}
