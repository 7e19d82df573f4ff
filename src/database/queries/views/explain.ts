import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";
import type { NetbootProgress } from "../boot/netboot-note.ts";
import type { RolloutStateName } from "../rollout/rollout-record.ts";
import { present } from "../../../lib/defined.ts";

/** What an explanation needs besides the machine's record. */
export interface MachineSurroundings {
  now: Date;
  /** The database accepts no writes: it is a standby, or was set read-only. */
  readOnly: boolean;
  /** When the oldest live server started; absent if none is alive. */
  serverSince?: Date;
  shepherd: boolean;
  /** Milliseconds of silence after which an agent is lost. */
  silence: { started: number; heartbeat: number };
  /** The agent replaced another one, which may still be running. */
  agentReplaced: boolean;
  /** The first agents that claim to be this machine and are not approved, with the beginnings of their keys. */
  claims: SurroundingClaim[];
  /** A caller that names the machine and was refused within the last quarter of an hour. */
  refused?: SurroundingRefusal;
  /** How far its network boots came since its last agent, within the last hour. */
  netboot?: NetbootProgress;
  /** The latest start of an agent on it. */
  start?: SurroundingStart;
  /** Its controller may send it to the network at its next boot, and removing that override has failed. */
  bootOverride?: SurroundingOverride;
  /** Means by which starts have failed since its last agent. */
  startFailures: SurroundingStartFailure[];
  /** Its provider's list is not believed. */
  doubt?: SurroundingDoubt;
  /** The controller that its provider names, which is not its own yet. */
  controllerWanted?: SurroundingWanted;
  /** The rollout that holds it, or in which its newest installation failed. */
  rollout?: SurroundingRollout;
  /** The latest report, serialised. */
  hardwareRaw?: Uint8Array;
}

/** A rollout that a machine is in. */
export interface SurroundingRollout {
  name: string;
  state: RolloutStateName;
  wave: number;
  /** The machine's state in it. */
  machine: "waiting" | "requested" | "failed";
}

/** A start of an agent. */
export interface SurroundingStart {
  means: string;
  /** Why it is this means. */
  why: string;
  begunAt: Date;
  /** How far it has come, as a clause. */
  step: string;
  stepAt: Date;
  ended: boolean;
}

/** A boot override that could not be removed yet. */
export interface SurroundingOverride {
  failures: number;
  failedAt: Date;
  cause: string;
  /** When a shepherd tries again. */
  nextAt: Date;
}

/** A provider's list that is not believed, and whether the machine is one of those that it is about. */
export interface SurroundingDoubt {
  since: Date;
  cause: string;
  machine?: "gone" | "changed";
}

/** A controller that a machine's provider names. */
export interface SurroundingWanted {
  url: string;
  credential: string;
  system?: string;
  /** How its certificate is trusted is known, so that a shepherd reads it. */
  trusted: boolean;
  /** Why reading it has failed. */
  failure?: { at: Date; cause: string };
}

/** Failed starts in a row by one means. */
export interface SurroundingStartFailure {
  means: string;
  failures: number;
  /** What the last one said, and when; absent in rows of earlier versions. */
  cause?: string;
  at?: Date;
  /** The controller's failure, if that was it. */
  code?: string;
}

/** An agent that waits for approval. */
export interface SurroundingClaim {
  key: string;
  address: string;
  since: Date;
  /** It shares the SMBIOS UUID or a MAC with the machine, but another part of its identity differs. */
  disagrees: boolean;
  /** The part that differs: the UUID by its byte order; the UUID; the MACs. */
  differs?: "byte-order" | "uuid" | "macs";
  /** Makers give the shared MAC to many ports, so it may be another machine. */
  weak?: boolean;
}

/** A caller whose key is not the key of the machine's agent. */
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
  read_only: boolean;
  server_since: Date | null;
  shepherd: boolean;
  started: number;
  heartbeat: number;
  agent_replaced: boolean;
  /** Times are text, because they come as JSON. */
  claims:
    | (Pick<SurroundingClaim, "key" | "address" | "disagrees"> & {
        since: string;
        differs: SurroundingClaim["differs"] | null;
        weak: boolean;
      })[]
    | null;
  refused: { key: string; address: string; since: string; last_at: string; count: number } | null;
  netboot: { since: string; lastAt: string; asked: number; loaded: number; configured: number } | null;
  start: { means: string; why: string; begunAt: string; step: string; stepAt: string; ended: boolean } | null;
  boot_override: { failures: number; failedAt: string; cause: string; nextAt: string } | null;
  start_failures:
    | { means: string; failures: number; cause: string | null; at: string | null; code: string | null }[]
    | null;
  doubt: { since: string; cause: string; machine: "gone" | "changed" | null } | null;
  controller_wanted: {
    url: string;
    credential: string;
    system: string | null;
    trusted: boolean;
    failedAt: string | null;
    cause: string | null;
  } | null;
  rollout: SurroundingRollout | null;
  hardware_report_raw: Uint8Array | null;
}

/**
 * What concerns a machine besides its record: live components, limits of silence, its hardware.
 * @throws {DatabaseError} `unavailable`
 */
export async function machineSurroundings(database: Database, machineId: MachineId): Promise<MachineSurroundings> {
  const { rows } = await sql<Row>`
    SELECT now() AS now, current_setting('transaction_read_only')::boolean AS read_only,
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
            i.claimed IS NULL AS disagrees,
            CASE WHEN i.claimed IS NOT NULL THEN NULL
              WHEN u.smbios_uuid = smbios_swapped(c.smbios_uuid) THEN 'byte-order'
              WHEN u.smbios_uuid = c.smbios_uuid THEN 'macs'
              ELSE 'uuid' END AS differs,
            i.claimed IS NULL AND coalesce(u.smbios_uuid NOT IN (c.smbios_uuid, smbios_swapped(c.smbios_uuid)), true)
              AND NOT coalesce(k.universal, false) AS weak
          FROM enrollment_claim c
          CROSS JOIN LATERAL (SELECT machine_by_identity(c.smbios_uuid, c.macs) AS claimed) i
          LEFT JOIN machine_smbios u ON u.machine_id = ${machineId}
          CROSS JOIN LATERAL (
            -- IEEE 802: makers give addresses with this bit to as many ports as they like.
            SELECT bool_or((m.mac & '02:00:00:00:00:00') = '00:00:00:00:00:00') AS universal
            FROM machine_mac m WHERE m.machine_id = ${machineId} AND m.mac = ANY (c.macs)
              AND NOT EXISTS (SELECT FROM shared_mac s WHERE s.mac = m.mac)
          ) k
          WHERE c.rejected_at IS NULL AND c.last_seen_at > now() - interval '15 minutes'
            AND (i.claimed IS NULL OR i.claimed = ${machineId})
            AND (u.smbios_uuid IN (c.smbios_uuid, smbios_swapped(c.smbios_uuid)) OR k.universal IS NOT NULL)
            -- A claim with another machine's UUID belongs to that machine, or to none.
            AND (u.smbios_uuid = c.smbios_uuid OR NOT EXISTS (SELECT FROM machine_smbios o WHERE o.smbios_uuid = c.smbios_uuid))
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
      (
        SELECT jsonb_build_object('since', n.since, 'lastAt', n.last_at, 'asked', n.asked, 'loaded', n.loaded,
          'configured', n.configured)
        FROM machine_netboot n WHERE n.machine_id = ${machineId} AND n.last_at > now() - interval '1 hour' AND NOT EXISTS (
          SELECT FROM machine_agent_started a WHERE a.machine_id = n.machine_id AND a.agent_started_at > n.since
        )
      ) AS netboot,
      (
        SELECT jsonb_build_object('means', s.means, 'why', s.why, 'begunAt', s.begun_at, 'step', s.step,
          'stepAt', s.step_at, 'ended', s.ended_at IS NOT NULL)
        FROM machine_start s WHERE s.machine_id = ${machineId}
      ) AS start,
      (
        SELECT jsonb_build_object('failures', o.failures, 'failedAt', o.failed_at, 'cause', o.failed_cause,
          'nextAt', o.clear_at)
        FROM machine_boot_override o WHERE o.machine_id = ${machineId} AND o.failures > 0
      ) AS boot_override,
      (
        SELECT jsonb_agg(jsonb_build_object('means', b.means, 'failures', b.failures, 'cause', b.cause,
          'at', b.failed_at, 'code', b.failed_code) ORDER BY b.failed_at)
        FROM machine_start_failure b WHERE b.machine_id = ${machineId}
      ) AS start_failures,
      (
        SELECT jsonb_build_object('since', v.held_since, 'cause', v.held_cause, 'machine', d.doubt)
        FROM machine_provided p JOIN provider v ON v.provider = p.provider
        LEFT JOIN machine_doubted d ON d.machine_id = p.machine_id AND d.accepted_at IS NULL
        WHERE p.machine_id = ${machineId} AND v.held_since IS NOT NULL
      ) AS doubt,
      (
        SELECT jsonb_build_object('url', w.wanted ->> 'url', 'credential', w.wanted ->> 'credential',
          'system', w.wanted ->> 'system', 'trusted', w.wanted ? 'trust', 'failedAt', w.failed_at, 'cause', w.failed_cause)
        FROM machine_controller_wanted w WHERE w.machine_id = ${machineId} AND w.done_at IS NULL AND NOT EXISTS (
          SELECT FROM machine_controller c WHERE c.machine_id = w.machine_id AND c.url = w.wanted ->> 'url'
        )
      ) AS controller_wanted,
      (
        SELECT jsonb_build_object('name', o.rollout_name, 'state', o.state, 'wave', r.wave, 'machine', r.state)
        FROM rollout_machine r JOIN rollout o ON o.rollout_number = r.rollout_number
        JOIN machines m ON m.machine_id = r.machine_id
        LEFT JOIN machine_rollout_hold l ON l.machine_id = r.machine_id AND l.rollout_number = r.rollout_number
        WHERE r.machine_id = ${machineId} AND (
          (l.machine_id IS NOT NULL AND r.state IN ('waiting', 'requested'))
          OR (r.state = 'failed' AND r.generation = m.last_generation)
        )
        ORDER BY l.machine_id IS NULL, r.rollout_number DESC LIMIT 1
      ) AS rollout,
      (SELECT h.hardware_report_raw FROM machine_hardware_report h WHERE h.machine_id = ${machineId})
        AS hardware_report_raw
    FROM agent_silence t WHERE t.only_row`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  if (row === undefined) {
    throw new DatabaseError("schema", "the table agent_silence is empty: restore its one row");
  }
  return {
    now: row.now,
    readOnly: row.read_only,
    ...present({ serverSince: row.server_since }),
    shepherd: row.shepherd,
    silence: { started: row.started, heartbeat: row.heartbeat },
    agentReplaced: row.agent_replaced,
    claims: (row.claims ?? []).map(({ differs, weak, since, ...claim }) => ({
      ...claim,
      since: new Date(since),
      ...(differs === null || differs === undefined ? {} : { differs }),
      ...(weak ? { weak } : {}),
    })),
    ...(row.netboot === null
      ? {}
      : { netboot: { ...row.netboot, since: new Date(row.netboot.since), lastAt: new Date(row.netboot.lastAt) } }),
    ...(row.refused === null
      ? {}
      : {
          refused: {
            ...{ key: row.refused.key, address: row.refused.address, count: row.refused.count },
            since: new Date(row.refused.since),
            lastAt: new Date(row.refused.last_at),
          },
        }),
    ...(row.start === null
      ? {}
      : { start: { ...row.start, begunAt: new Date(row.start.begunAt), stepAt: new Date(row.start.stepAt) } }),
    ...(row.boot_override === null
      ? {}
      : {
          bootOverride: {
            ...row.boot_override,
            failedAt: new Date(row.boot_override.failedAt),
            nextAt: new Date(row.boot_override.nextAt),
          },
        }),
    startFailures: (row.start_failures ?? []).map(({ means, failures, cause, at, code }) => ({
      ...{ means, failures },
      ...present({ cause, code, at: at === null ? null : new Date(at) }),
    })),
    ...doubtOf(row),
    ...wantedOf(row),
    ...present({ rollout: row.rollout, hardwareRaw: row.hardware_report_raw }),
  };
}

function doubtOf({ doubt }: Row): Pick<MachineSurroundings, "doubt"> {
  return doubt === null
    ? {}
    : { doubt: { since: new Date(doubt.since), cause: doubt.cause, ...present({ machine: doubt.machine }) } };
}

function wantedOf({ controller_wanted: wanted }: Row): Pick<MachineSurroundings, "controllerWanted"> {
  if (wanted === null) {
    return {};
  }
  const { url, credential, system, trusted, failedAt, cause } = wanted;
  return {
    controllerWanted: {
      ...{ url, credential, trusted },
      ...present({ system }),
      ...(failedAt === null || cause === null ? {} : { failure: { at: new Date(failedAt), cause } }),
    },
  };
}
