import { sql } from "kysely";
import type { Generation, MachineId, Process, SessionId } from "../../ids.ts";
import type { MachineStateName } from "../../machine-state.ts";
import { windowState, type BootWindowState, type BootWindowWay } from "../boot/boot-window-state.ts";
import { healthColumn, type HealthJson, healthRecord } from "../controller/health.ts";
import type { PowerWord } from "../controller/power.ts";
import type { Phase } from "../installation/progress.ts";
import { cameUpColumns, cameUpOf, type CameUpRow } from "./machine-record-came-up.ts";
import { machineStateOf } from "./machine-record-state.ts";
import type { FinalResult, InstallationRecord, MachineRecord } from "./machine-record.ts";
import { present } from "../../../lib/defined.ts";

/** A row of {@link machineColumns}. */
export interface MachineRow extends CameUpRow {
  machine_id: MachineId;
  name: string | null;
  labels: Record<string, string>;
  machine_created_at: Date;
  last_generation: bigint;
  provider: string | null;
  provider_id: string | null;
  provider_reservation_id: string | null;
  provider_address: string | null;
  provider_location: string | null;
  provider_status: string | null;
  provider_power: boolean | null;
  unreachable_since: Date | null;
  unreachable_cause: string | null;
  vanished_at: Date | null;
  controller_url: string | null;
  controller_credential: string | null;
  controller_failed_at: Date | null;
  controller_failed_code: string | null;
  controller_failed_cause: string | null;
  left_running: boolean;
  ssh_user: string | null;
  ssh_host: string | null;
  ssh_port: number | null;
  ssh_host_key: string | null;
  ssh_credential: string | null;
  network_config: string | null;
  power: PowerWord | null;
  power_since: Date | null;
  power_read_at: Date | null;
  power_read_from: string | null;
  health: HealthJson | null;
  agent_started_at: Date | null;
  agent_public_key: Uint8Array | null;
  agent_heartbeat_at: Date | null;
  requested_generation: Generation | null;
  os_installation_request_raw: Uint8Array | null;
  requested_at: Date | null;
  pending: boolean;
  runs: number;
  result: FinalResult | null;
  error: string | null;
  report_raw: Uint8Array | null;
  reported_by: string | null;
  reported_at: Date | null;
  phase: Phase | null;
  bytes_done: bigint | null;
  bytes_total: bigint | null;
  detail: string | null;
  writing_since: Date | null;
  progressed_at: Date | null;
  last_error: string | null;
  gives_up_at: Date | null;
  bytes_per_second: number | null;
  features: string[] | null;
  duplicate_at: Date | null;
  writer_run: string | null;
  writer_heard_at: Date | null;
  rival_run: string | null;
  rival_key: string | null;
  rival_at: Date | null;
  begun_generation: Generation | null;
  begun_at: Date | null;
  attempts: number | null;
  attempts_left: number | null;
  retry_at: Date | null;
  installed_digest: string | null;
  installed_at: Date | null;
  reason: string | null;
  quarantined_by: string | null;
  quarantined_at: Date | null;
  /** Times are text, because they come as JSON. */
  work: { process: Process; sessionId: SessionId; startedAt: string; deadline: string; runtimeInfo: string }[] | null;
  backoffs: { process: Process; until: string; cause: string }[] | null;
  hardware_reported_at: Date | null;
  smbios_uuid: string | null;
  macs: string[];
  window_id: string | null;
  opened_by: string | null;
  opened_at: Date | null;
  closes_at: Date | null;
  window_state: BootWindowState | null;
  window_way: BootWindowWay | null;
  state: MachineStateName;
  candidate: Process | null;
  since: Date;
  deadline: Date | null;
  deadline_missed_at: Date | null;
}

/** The columns of a record, from {@link machineTables}. */
export const machineColumns = sql`
  m.machine_id, m.name, m.labels, m.machine_created_at, m.last_generation,
  p.provider, p.provider_id, p.provider_reservation_id, p.provider_address, p.provider_location, p.provider_status,
  p.vanished_at, v.power AS provider_power, v.unreachable_since, v.unreachable_cause,
  mc.url AS controller_url,
  (SELECT r.credential_name FROM credential r WHERE r.credential_id = mc.credential_id) AS controller_credential,
  mt.failed_at AS controller_failed_at, mt.failed_code AS controller_failed_code,
  mt.failed_cause AS controller_failed_cause,
  -- As start_allowed decides, by joins in place of two sub-queries for each machine.
  mu.found_at IS NOT NULL AND ml.machine_id IS NULL AND v.autostart IS NOT TRUE AS left_running,
  ms.user_name AS ssh_user, ms.host AS ssh_host, ms.port AS ssh_port, ms.host_key AS ssh_host_key, mr.credential_name AS ssh_credential,
  mn.network_config,
  mp.power, mp.since AS power_since, mp.read_at AS power_read_at, mp.read_from AS power_read_from,
  ${healthColumn} AS health,
  a.agent_started_at, a.agent_public_key, h.agent_heartbeat_at,
  q.generation AS requested_generation, q.os_installation_request_raw, q.requested_at,
  installation_pending(q.generation, r.generation) AS pending,
  (
    SELECT count(*)::integer FROM machine_os_installation_run u
    WHERE u.machine_id = m.machine_id AND u.generation = q.generation
  ) AS runs,
  r.result, r.error, CASE WHEN r.result = 'error' THEN r.os_installation_report_raw END AS report_raw,
  r.reported_by, r.reported_at,
  g.phase, g.bytes_done, g.bytes_total, g.detail, g.writing_since, g.progressed_at, g.last_error, g.gives_up_at,
  g.bytes_per_second,
  af.features, h.duplicate_at, left(encode(aw.run, 'hex'), 16) AS writer_run, aw.heard_at AS writer_heard_at,
  left(encode(aw.rival_run, 'hex'), 16) AS rival_run, left(encode(aw.rival_public_key, 'hex'), 16) AS rival_key, aw.rival_at,
  db.generation AS begun_generation, db.begun_at,
  y.attempts, y.attempts_left, y.not_before AS retry_at,
  d.generation AS installed_generation, d.digest AS installed_digest, d.installed_at,
  ${cameUpColumns},
  z.reason, z.quarantined_by, z.quarantined_at,
  (
    SELECT jsonb_agg(jsonb_build_object(
      'process', w.process, 'sessionId', w.session_id, 'startedAt', w.work_started_at,
      'deadline', c.session_deadline, 'runtimeInfo', c.session_runtime_info
    ) ORDER BY w.process)
    FROM work w JOIN sessions c ON c.session_id = w.session_id WHERE w.machine_id = m.machine_id
  ) AS work,
  (
    SELECT jsonb_agg(
      jsonb_build_object('process', b.process, 'until', b.backoff_until, 'cause', b.cause) ORDER BY b.process
    )
    FROM work_backoff b WHERE b.machine_id = m.machine_id
  ) AS backoffs,
  e.hardware_reported_at, i.smbios_uuid,
  -- All MACs are greater than that; without statistics PostgreSQL would expect a hundred of each machine.
  ARRAY(
    SELECT k.mac::text FROM machine_mac k WHERE k.machine_id = m.machine_id AND k.mac > '00:00:00:00:00:00' ORDER BY k.mac
  ) AS macs,
  w.window_id, w.opened_by, w.opened_at, w.closes_at, w.way AS window_way,
  CASE WHEN w.window_id IS NOT NULL THEN ${windowState} END AS window_state,
  s.state, s.candidate, s.since, machine_state_deadline(s.state, s.since, s.not_before) AS deadline, s.deadline_missed_at`;

/** The tables with everything about `machines m`. */
export const machineTables = sql`
  machines m
  JOIN machine_state s ON s.machine_id = m.machine_id
  LEFT JOIN machine_provided p ON p.machine_id = m.machine_id
  LEFT JOIN provider v ON v.provider = p.provider
  LEFT JOIN machine_controller mc ON mc.machine_id = m.machine_id
  LEFT JOIN machine_controller_contact mt ON mt.machine_id = mc.machine_id
  LEFT JOIN machine_found_running mu ON mu.machine_id = m.machine_id
  LEFT JOIN machine_start_allowed ml ON ml.machine_id = m.machine_id
  LEFT JOIN machine_ssh ms ON ms.machine_id = m.machine_id
  LEFT JOIN credential mr ON mr.credential_id = ms.credential_id
  LEFT JOIN machine_network mn ON mn.machine_id = m.machine_id
  LEFT JOIN machine_power mp ON mp.machine_id = m.machine_id
  LEFT JOIN machine_agent_started a ON a.machine_id = m.machine_id
  LEFT JOIN machine_agent_heartbeat h ON h.machine_id = m.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
  LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
  LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id AND r.generation = q.generation
  LEFT JOIN machine_os_installation_progress g ON g.machine_id = m.machine_id AND g.generation = q.generation
  LEFT JOIN machine_os_installation_writer aw ON aw.machine_id = m.machine_id AND aw.generation = q.generation
  LEFT JOIN machine_agent_features af
    ON af.machine_id = a.machine_id AND af.agent_public_key = a.agent_public_key
  LEFT JOIN machine_disk_begun db ON db.machine_id = m.machine_id
  LEFT JOIN machine_os_installation_retry y ON y.machine_id = m.machine_id AND y.generation = q.generation
  LEFT JOIN machine_os_installed d ON d.machine_id = m.machine_id
  LEFT JOIN machine_came_up cu ON cu.machine_id = d.machine_id AND cu.generation = d.generation
  LEFT JOIN machine_quarantine z ON z.machine_id = m.machine_id
  LEFT JOIN machine_hardware_report e ON e.machine_id = m.machine_id
  LEFT JOIN machine_smbios i ON i.machine_id = m.machine_id
  LEFT JOIN machine_boot_window w ON w.machine_id = m.machine_id`;

/** The record of a row. */
export function machineRecord(row: MachineRow): MachineRecord {
  const parts = {
    machineId: row.machine_id,
    ...present({ name: row.name }),
    labels: row.labels,
    createdAt: row.machine_created_at,
    lastGeneration: row.last_generation,
    ...providedOf(row),
    ...controlledOf(row),
    ...sshOf(row),
    ...present({ networkConfig: row.network_config }),
    ...powerRecordOf(row),
    leftRunning: row.left_running,
    ...(row.health === null ? {} : { health: healthRecord(row.health) }),
    ...agentOf(row),
    ...installationOf(row),
    ...installedOf(row),
    ...cameUpOf(row),
    ...unfinishedDiskOf(row),
    ...(row.reason === null || row.quarantined_at === null
      ? {}
      : { quarantine: { reason: row.reason, by: row.quarantined_by ?? "", at: row.quarantined_at } }),
    work: (row.work ?? []).map((work) => ({
      ...work,
      startedAt: new Date(work.startedAt),
      deadline: new Date(work.deadline),
    })),
    backoffs: (row.backoffs ?? []).map((backoff) => ({ ...backoff, until: new Date(backoff.until) })),
    ...present({ candidate: row.candidate, hardwareReportedAt: row.hardware_reported_at }),
    identity: { ...present({ smbiosUuid: row.smbios_uuid }), macs: row.macs },
    ...bootWindowOf(row),
  };
  const standing = {
    since: row.since,
    ...present({
      deadline: row.state === "coming-up" ? row.came_up_deadline : row.deadline,
      deadlineMissedAt: row.deadline_missed_at,
    }),
  };
  return { ...parts, state: { ...standing, ...machineStateOf(row.state, parts) } };
}

function bootWindowOf(row: MachineRow): Pick<MachineRecord, "bootWindow"> {
  const { window_id: windowId, opened_at: openedAt, closes_at: closesAt, window_state: state } = row;
  return windowId === null || openedAt === null || closesAt === null || state === null
    ? {}
    : {
        bootWindow: {
          ...{ windowId, openedBy: row.opened_by ?? "", openedAt, closesAt, state },
          ...present({ way: row.window_way }),
        },
      };
}

function providedOf(row: MachineRow): Pick<MachineRecord, "provided" | "providing"> {
  if (row.provider === null || row.provider_id === null) {
    return {};
  }
  return {
    provided: {
      provider: row.provider,
      providerId: row.provider_id,
      ...present({
        reservationId: row.provider_reservation_id,
        address: row.provider_address,
        location: row.provider_location,
        status: row.provider_status,
      }),
    },
    providing: {
      power: row.provider_power ?? false,
      ...(row.unreachable_since === null
        ? {}
        : { unreachable: { since: row.unreachable_since, cause: row.unreachable_cause ?? "" } }),
      ...present({ vanishedAt: row.vanished_at }),
    },
  };
}

function controlledOf(row: MachineRow): Pick<MachineRecord, "controller"> {
  const { controller_failed_at: since, controller_failed_code: code, controller_failed_cause: cause } = row;
  return row.controller_url === null
    ? {}
    : {
        controller: {
          url: row.controller_url,
          credential: row.controller_credential ?? "",
          ...(since === null || code === null || cause === null ? {} : { failure: { since, code, cause } }),
        },
      };
}

function sshOf(row: MachineRow): Pick<MachineRecord, "ssh"> {
  const { ssh_user: user, ssh_host: host, ssh_port: port, ssh_credential: credential, ssh_host_key: hostKey } = row;
  return user === null || host === null || port === null || credential === null
    ? {}
    : { ssh: { user, host, port, credential, ...present({ hostKey }) } };
}

function powerRecordOf(row: MachineRow): Pick<MachineRecord, "power"> {
  const { power, power_since: since, power_read_at: readAt, power_read_from: readFrom } = row;
  return power === null || since === null || readAt === null || readFrom === null
    ? {}
    : { power: { power, since, readAt, readFrom } };
}

function agentOf(row: MachineRow): Pick<MachineRecord, "agent"> {
  if (row.agent_started_at === null || row.agent_public_key === null) {
    return {};
  }
  return {
    agent: {
      startedAt: row.agent_started_at,
      publicKey: row.agent_public_key,
      ...present({ heartbeatAt: row.agent_heartbeat_at }),
      features: row.features ?? [],
      ...present({ duplicateAt: row.duplicate_at }),
    },
  };
}

function writerOf(row: MachineRow): Pick<InstallationRecord, "writer"> {
  const { writer_run: run, writer_heard_at: heardAt, rival_run: rivalRun, rival_key: key, rival_at: at } = row;
  return run === null || heardAt === null
    ? {}
    : {
        writer: {
          run,
          heardAt,
          ...(rivalRun === null || key === null || at === null ? {} : { rival: { run: rivalRun, key, at } }),
        },
      };
}

function unfinishedDiskOf(row: MachineRow): Pick<MachineRecord, "unfinishedDisk"> {
  const { begun_generation: generation, begun_at: begunAt } = row;
  return generation === null || begunAt === null ? {} : { unfinishedDisk: { generation, begunAt } };
}

function installedOf(row: MachineRow): Pick<MachineRecord, "installed"> {
  if (row.installed_generation === null || row.installed_at === null) {
    return {};
  }
  return {
    installed: {
      generation: row.installed_generation,
      at: row.installed_at,
      ...present({ digest: row.installed_digest }),
    },
  };
}

function installationOf(row: MachineRow): Pick<MachineRecord, "installation"> {
  if (row.requested_generation === null || row.os_installation_request_raw === null || row.requested_at === null) {
    return {};
  }
  return {
    installation: {
      generation: row.requested_generation,
      requestRaw: row.os_installation_request_raw,
      requestedAt: row.requested_at,
      pending: row.pending,
      runs: row.runs,
      ...(row.result === null || row.reported_at === null
        ? {}
        : {
            final: {
              result: row.result,
              at: row.reported_at,
              by: row.reported_by ?? "",
              ...present({ error: row.error, reportRaw: row.report_raw }),
            },
          }),
      ...(row.phase === null || row.progressed_at === null
        ? {}
        : {
            progress: {
              phase: row.phase,
              bytesDone: row.bytes_done ?? 0n,
              bytesTotal: row.bytes_total ?? 0n,
              detail: row.detail ?? "",
              at: row.progressed_at,
              ...present({ writingSince: row.writing_since }),
              lastError: row.last_error ?? "",
              ...present({ givesUpAt: row.gives_up_at, bytesPerSecond: row.bytes_per_second }),
            },
          }),
      ...writerOf(row),
      ...(row.attempts === null || row.attempts_left === null
        ? {}
        : {
            retry: {
              attempts: row.attempts,
              attemptsLeft: row.attempts_left,
              ...present({ nextAt: row.retry_at }),
            },
          }),
    },
  };
}
