import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

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
  /** Agents that say to be this machine and were not let in, the first ones; their keys' beginnings. */
  claims: SurroundingClaim[];
  /** A caller that names the machine and is refused, within the last quarter of an hour. */
  refused?: SurroundingRefusal;
  /** Serialised, the latest. */
  hardwareRaw?: Uint8Array;
}

/** An agent that asks to be let in. */
export interface SurroundingClaim {
  key: string;
  address: string;
  since: Date;
  /** It shares the SMBIOS UUID or a MAC with the machine, and something else of it disagrees. */
  disagrees: boolean;
}

/** A caller whose key is not that of the machine's agent. */
export interface SurroundingRefusal {
  /** The key's beginning. */
  key: string;
  address: string;
  since: Date;
  lastAt: Date;
  count: number;
}

interface Row {
  now: Date;
  server_since: Date | null;
  shepherd: boolean;
  started: number;
  heartbeat: number;
  agent_replaced: boolean;
  /** Times as text: they come as JSON. */
  claims: { key: string; address: string; since: string; disagrees: boolean }[] | null;
  refused: { key: string; address: string; since: string; last_at: string; count: number } | null;
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
      (
        SELECT jsonb_agg(to_jsonb(e)) FROM (
          SELECT left(encode(c.agent_public_key, 'hex'), 16) AS key, c.claim_address AS address, c.first_seen_at AS since,
            machine_by_identity(c.smbios_uuid, c.macs) IS DISTINCT FROM ${machineId} AS disagrees
          FROM enrollment_claim c
          WHERE c.rejected_at IS NULL AND c.last_seen_at > now() - interval '15 minutes' AND (
            EXISTS (SELECT FROM machine_smbios u WHERE u.machine_id = ${machineId} AND u.smbios_uuid = c.smbios_uuid)
            OR EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = ${machineId} AND k.mac = ANY (c.macs))
          )
          ORDER BY c.first_seen_at LIMIT 3
        ) e
      ) AS claims,
      (
        SELECT jsonb_build_object('key', left(encode(f.agent_public_key, 'hex'), 16), 'address', f.refused_address,
          'since', f.refused_since, 'last_at', f.refused_at, 'count', f.refused_count)
        FROM agent_refused f
        WHERE f.machine_id = ${machineId} AND f.refused_at > now() - interval '15 minutes' AND NOT EXISTS (
          SELECT FROM machine_agent_started a
          WHERE a.machine_id = f.machine_id AND a.agent_public_key = f.agent_public_key
        )
      ) AS refused,
      (SELECT h.hardware_report_raw FROM machine_hardware_report h WHERE h.machine_id = ${machineId})
        AS hardware_report_raw
    FROM agent_silence t WHERE t.only_row`
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
    claims: (row.claims ?? []).map((claim) => ({ ...claim, since: new Date(claim.since) })),
    ...(row.refused === null
      ? {}
      : {
          refused: {
            ...{ key: row.refused.key, address: row.refused.address, count: row.refused.count },
            since: new Date(row.refused.since),
            lastAt: new Date(row.refused.last_at),
          },
        }),
    ...(row.hardware_report_raw === null ? {} : { hardwareRaw: row.hardware_report_raw }),
  };
}
