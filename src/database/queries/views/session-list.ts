import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { SessionId } from "../../ids.ts";

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
