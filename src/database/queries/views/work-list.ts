import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId, Process, SessionId } from "../../ids.ts";
import { workConditions, type WorkPage } from "./work-page.ts";
import { present } from "../../../lib/defined.ts";

/** A session's work on a machine. */
export interface WorkRecord {
  machineId: MachineId;
  machineName?: string;
  process: Process;
  sessionId: SessionId;
  component: string;
  startedAt: Date;
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
    WHERE ${workConditions(page)} ORDER BY w.machine_id, w.process LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    ...present({ machineName: row.name }),
    process: row.process,
    sessionId: row.session_id,
    component: row.session_component,
    startedAt: row.work_started_at,
  }));
}
