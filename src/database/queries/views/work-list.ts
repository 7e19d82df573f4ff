import { sql, type RawBuilder } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId, Process, SessionId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import { historyAppend } from "../../history.ts";
import {
  machineLock,
  operatorCommandFind,
  operatorCommandRecord,
  type OperatorCommand,
} from "../../operator-command.ts";

/** A component's lease. */
export interface SessionRecord {
  sessionId: SessionId;
  component: string;
  runtimeInfo: string;
  createdAt: Date;
  deadline: Date;
  expired: boolean;
  /** Number of machines that it works on. */
  work: number;
}

/** A session's work on a machine. */
export interface WorkRecord {
  machineId: MachineId;
  machineName?: string;
  process: Process;
  sessionId: SessionId;
  component: string;
  startedAt: Date;
}

/** A process' backoff on a machine. */
export interface BackoffRecord {
  machineId: MachineId;
  machineName?: string;
  process: Process;
  until: Date;
  intervalSeconds: bigint;
  cause: string;
}

/** Where a page of work or backoffs ended. */
export interface WorkCursor {
  machineId: MachineId;
  process: Process;
}

/** The filters of a list, and its page. */
export interface WorkPage {
  machineId?: MachineId;
  process?: Process;
  limit: number;
  after?: WorkCursor;
}

/** All sessions, oldest first. @throws {DatabaseError} `unavailable` */
export async function sessionList(database: Database): Promise<SessionRecord[]> {
  const { rows } = await sql<{
    session_id: SessionId;
    session_component: string;
    session_runtime_info: string;
    session_created_at: Date;
    session_deadline: Date;
    expired: boolean;
    work: bigint;
  }>`
    SELECT s.session_id, s.session_component, s.session_runtime_info, s.session_created_at, s.session_deadline,
      s.session_deadline <= now() AS expired, (SELECT count(*) FROM work w WHERE w.session_id = s.session_id) AS work
    FROM sessions s ORDER BY s.session_created_at, s.session_id`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    sessionId: row.session_id,
    component: row.session_component,
    runtimeInfo: row.session_runtime_info,
    createdAt: row.session_created_at,
    deadline: row.session_deadline,
    expired: row.expired,
    work: Number(row.work),
  }));
}

function conditions(page: WorkPage): RawBuilder<unknown> {
  const { machineId, process, after } = page;
  return sql.join(
    [
      sql`true`,
      ...(machineId === undefined ? [] : [sql`w.machine_id = ${machineId}`]),
      ...(process === undefined ? [] : [sql`w.process = ${process}`]),
      ...(after === undefined ? [] : [sql`(w.machine_id, w.process) > (${after.machineId}::uuid, ${after.process})`]),
    ],
    sql` AND `,
  );
}

/** Work, by machine and process. @throws {DatabaseError} `unavailable` */
export async function workList(database: Database, page: WorkPage): Promise<WorkRecord[]> {
  const { rows } = await sql<{
    machine_id: MachineId;
    name: string | null;
    process: Process;
    session_id: SessionId;
    session_component: string;
    work_started_at: Date;
  }>`
    SELECT w.machine_id, m.name, w.process, w.session_id, s.session_component, w.work_started_at
    FROM work w JOIN sessions s ON s.session_id = w.session_id JOIN machines m ON m.machine_id = w.machine_id
    WHERE ${conditions(page)} ORDER BY w.machine_id, w.process LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    ...(row.name === null ? {} : { machineName: row.name }),
    process: row.process,
    sessionId: row.session_id,
    component: row.session_component,
    startedAt: row.work_started_at,
  }));
}

/** Backoffs, by machine and process; `all` includes those that have ended. @throws {DatabaseError} `unavailable` */
export async function backoffList(database: Database, page: WorkPage & { all: boolean }): Promise<BackoffRecord[]> {
  const { rows } = await sql<{
    machine_id: MachineId;
    name: string | null;
    process: Process;
    backoff_until: Date;
    last_interval_seconds: bigint;
    cause: string;
  }>`
    SELECT w.machine_id, m.name, w.process, w.backoff_until, w.last_interval_seconds, w.cause
    FROM work_backoff w JOIN machines m ON m.machine_id = w.machine_id
    WHERE ${conditions(page)} AND (${page.all} OR w.backoff_until > now())
    ORDER BY w.machine_id, w.process LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    ...(row.name === null ? {} : { machineName: row.name }),
    process: row.process,
    until: row.backoff_until,
    intervalSeconds: row.last_interval_seconds,
    cause: row.cause,
  }));
}

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
