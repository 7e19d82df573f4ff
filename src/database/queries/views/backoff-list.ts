import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId, Process } from "../../ids.ts";
import { workConditions, type WorkPage } from "./work-page.ts";
import { present } from "../../../lib/defined.ts";

/** A process' backoff on a machine. */
export interface BackoffRecord {
  machineId: MachineId;
  machineName?: string;
  process: Process;
  until: Date;
  intervalSeconds: bigint;
  cause: string;
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
    WHERE ${workConditions(page)} AND (${page.all} OR w.backoff_until > now())
    ORDER BY w.machine_id, w.process LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    machineId: row.machine_id,
    ...present({ machineName: row.name }),
    process: row.process,
    until: row.backoff_until,
    intervalSeconds: row.last_interval_seconds,
    cause: row.cause,
  }));
}
