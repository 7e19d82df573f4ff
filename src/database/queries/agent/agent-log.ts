import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { AgentKey, MachineId, SessionId } from "../../ids.ts";

/** The log lines of one call. */
export interface AgentLogEntry {
  machineId: MachineId;
  publicKey: AgentKey;
  /** The run's id, or the agent's key if it has none. */
  run: Uint8Array;
  sequence: bigint;
  /** Number of lines: 1 to 200. */
  lines: number;
  /** The serialised ReportLogRequest, at most 64 KiB. */
  raw: Uint8Array;
}

/** The outcome. */
export type AgentLogOutcome = "kept" | "unauthenticated" | "session_lost";

/** How much of a machine's log is kept: the stricter limit counts. The latest call is always kept whole. */
const kept = { lines: 500, bytes: 128 << 10 } as const;

/**
 * Stores lines and deletes the oldest ones, in one statement. A repeated call changes nothing.
 * @throws {DatabaseError} `unavailable`; also if the machine is being deleted
 */
export async function agentLogKeep(
  database: Database,
  session: { id: SessionId },
  entry: AgentLogEntry,
): Promise<AgentLogOutcome> {
  const { machineId, sequence, lines } = entry;
  const [key, run, raw] = [entry.publicKey, entry.run, entry.raw].map((bytes) => Buffer.from(bytes));
  const { rows } = await sql<{ alive: boolean; known: boolean }>`
    WITH alive AS MATERIALIZED (
      SELECT FROM sessions WHERE session_id = ${session.id} AND session_deadline > now() FOR KEY SHARE
    ), known AS MATERIALIZED (
      SELECT machine_id FROM machine_agent_started
      WHERE machine_id = ${machineId} AND agent_public_key = ${key} AND EXISTS (SELECT FROM alive)
    ), there AS MATERIALIZED (
      SELECT log_number, sum(line_count) OVER newest + ${lines}::integer AS lines,
        sum(octet_length(agent_log_raw)) OVER newest + octet_length(${raw}::bytea) AS bytes
      FROM machine_agent_log JOIN known USING (machine_id)
      WINDOW newest AS (ORDER BY log_number DESC)
    ), gone AS (
      DELETE FROM machine_agent_log l USING there t
      WHERE l.machine_id = ${machineId} AND l.log_number = t.log_number
        AND (t.lines > ${kept.lines} OR t.bytes > ${kept.bytes})
    ), added AS (
      INSERT INTO machine_agent_log (machine_id, run, sequence, line_count, agent_log_raw)
      SELECT machine_id, ${run}, ${sequence}::bigint, ${lines}::integer, ${raw} FROM known
      ON CONFLICT (machine_id, run, sequence) DO NOTHING
    )
    SELECT EXISTS (SELECT FROM alive) AS alive, EXISTS (SELECT FROM known) AS known`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row?.alive !== true ? "session_lost" : row.known ? "kept" : "unauthenticated";
}

/** Stored log lines of one call. */
export interface AgentLogRecord {
  /** Grows with each call of any agent. */
  number: bigint;
  loggedAt: Date;
  run: Uint8Array;
  raw: Uint8Array;
}

/**
 * A machine's stored log after a number, oldest first.
 * @throws {DatabaseError} `unavailable`
 */
export async function agentLogRead(database: Database, machineId: MachineId, after: bigint): Promise<AgentLogRecord[]> {
  const rows = await database.kysely
    .selectFrom("machine_agent_log")
    .select(["log_number", "logged_at", "run", "agent_log_raw"])
    .where("machine_id", "=", machineId)
    .where("log_number", ">", after)
    .orderBy("log_number")
    .execute()
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    number: row.log_number,
    loggedAt: row.logged_at,
    run: row.run,
    raw: row.agent_log_raw,
  }));
}
