import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { DatabaseError, translate } from "../errors.ts";
import type { MachineId } from "../ids.ts";
import { type BootWindowState, windowState } from "./boot-window.ts";

/** What an explanation needs beside the machine's record. */
export interface MachineSurroundings {
  now: Date;
  /** Of the server that has lived longest; absent = none lives. */
  serverSince?: Date;
  shepherd: boolean;
  /** Milliseconds of silence after which an agent is lost. */
  silence: { started: number; heartbeat: number };
  /** The agent took another's place, which runs on, for all that is known. */
  agentReplaced: boolean;
  /** How its newest boot window stands; absent = it never had one. */
  bootWindow?: BootWindowState;
  /** Serialised, the latest. */
  hardwareRaw?: Uint8Array;
}

interface Row {
  now: Date;
  server_since: Date | null;
  shepherd: boolean;
  started: number;
  heartbeat: number;
  agent_replaced: boolean;
  boot_window: BootWindowState | null;
  hardware_report_raw: Uint8Array | null;
}

/**
 * What is around a machine: who lives, how long silence may last, its hardware.
 * @throws {DatabaseError} `unavailable`
 */
export async function machineSurroundings(database: Database, machineId: MachineId): Promise<MachineSurroundings> {
  const { rows } = await sql<Row>`
    SELECT now() AS now,
      (SELECT min(session_created_at) FROM sessions
        WHERE session_component = 'server' AND session_deadline > now()) AS server_since,
      EXISTS (SELECT FROM sessions WHERE session_component = 'shepherd' AND session_deadline > now()) AS shepherd,
      (extract(epoch FROM t.started) * 1000)::float8 AS started,
      (extract(epoch FROM t.heartbeat) * 1000)::float8 AS heartbeat,
      EXISTS (
        SELECT FROM machine_agent_started a JOIN history y ON y.machine_id = a.machine_id AND y.at = a.agent_started_at
        WHERE a.machine_id = ${machineId} AND y.event = 'agent_replaced'
      ) AS agent_replaced,
      (SELECT ${windowState} FROM machine_boot_window w WHERE w.machine_id = ${machineId}) AS boot_window,
      (SELECT h.hardware_report_raw FROM machine_hardware_report h WHERE h.machine_id = ${machineId})
        AS hardware_report_raw
    FROM agent_silence t`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  if (row === undefined) {
    throw new DatabaseError("schema", "the table agent_silence is empty: its one row was deleted, put it back");
  }
  return {
    now: row.now,
    ...(row.server_since === null ? {} : { serverSince: row.server_since }),
    shepherd: row.shepherd,
    silence: { started: row.started, heartbeat: row.heartbeat },
    agentReplaced: row.agent_replaced,
    ...(row.boot_window === null ? {} : { bootWindow: row.boot_window }),
    ...(row.hardware_report_raw === null ? {} : { hardwareRaw: row.hardware_report_raw }),
  };
}
