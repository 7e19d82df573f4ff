import { sql } from "kysely";
import type { Actor } from "../actor.ts";
import type { Database } from "../connect.ts";
import { DatabaseError, isUniqueViolation, translate } from "../errors.ts";
import { isUuid, machineId as toMachineId, type Generation, type MachineId } from "../ids.ts";
import { transact, type Tx } from "../transaction.ts";
import { historyAppend } from "./history.ts";
import { operatorCommandFind, operatorCommandRecord, type OperatorCommand } from "./operator-command.ts";

/** Where a machine comes from. */
export interface Provided {
  provider: string;
  /** The provider's own name for it; unique within the provider. */
  providerId: string;
  reservationId?: string;
  address?: string;
  location?: string;
  status?: string;
}

/** The final result of a generation. */
export type InstallationResult = "success" | "error" | "cancelled";

/** Everything that the database knows of a machine, in one row. */
export interface MachineRecord {
  machineId: MachineId;
  name?: string;
  labels: Record<string, string>;
  createdAt: Date;
  /** 0 = nothing was ever asked for. */
  lastGeneration: bigint;
  provided?: Provided;
  agent?: { startedAt: Date; publicKey: Uint8Array; heartbeatAt?: Date };
  installation?: {
    generation: Generation;
    /** Serialised OSInstallationRequest. */
    requestRaw: Uint8Array;
    requestedAt: Date;
    pending: boolean;
    final?: { result: InstallationResult; error?: string; at: Date };
    progress?: { phase: string; bytesDone: bigint; bytesTotal: bigint; detail: string; at: Date };
  };
  installed?: { generation: Generation; digest?: string; at: Date };
}

interface MachineRow {
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
  agent_started_at: Date | null;
  agent_public_key: Uint8Array | null;
  agent_heartbeat_at: Date | null;
  requested_generation: Generation | null;
  os_installation_request_raw: Uint8Array | null;
  requested_at: Date | null;
  pending: boolean;
  result: InstallationResult | null;
  error: string | null;
  reported_at: Date | null;
  phase: string | null;
  bytes_done: bigint | null;
  bytes_total: bigint | null;
  detail: string | null;
  progressed_at: Date | null;
  installed_generation: Generation | null;
  installed_digest: string | null;
  installed_at: Date | null;
}

const machineColumns = sql`
  m.machine_id, m.name, m.labels, m.machine_created_at, m.last_generation,
  p.provider, p.provider_id, p.provider_reservation_id, p.provider_address, p.provider_location, p.provider_status,
  a.agent_started_at, a.agent_public_key, h.agent_heartbeat_at,
  q.generation AS requested_generation, q.os_installation_request_raw, q.requested_at,
  installation_pending(q.generation, r.generation) AS pending, r.result, r.error, r.reported_at,
  g.phase, g.bytes_done, g.bytes_total, g.detail, g.progressed_at,
  d.generation AS installed_generation, d.digest AS installed_digest, d.installed_at`;

const machineTables = sql`
  machines m
  LEFT JOIN machine_provided p ON p.machine_id = m.machine_id
  LEFT JOIN machine_agent_started a ON a.machine_id = m.machine_id
  LEFT JOIN machine_agent_heartbeat h ON h.machine_id = m.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
  LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
  LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id AND r.generation = q.generation
  LEFT JOIN machine_os_installation_progress g ON g.machine_id = m.machine_id AND g.generation = q.generation
  LEFT JOIN machine_os_installed d ON d.machine_id = m.machine_id`;

/**
 * Makes a machine known. Its id is the caller's choice (made from the request id), so that the same command again finds it.
 * @throws {DatabaseError} `exists` when the name or the provider's id is taken; `request_id_reused`
 */
export async function machineAdd(
  database: Database,
  command: OperatorCommand & {
    name?: string;
    labels: Record<string, string>;
    provided: Provided;
    actor: Actor;
  },
): Promise<void> {
  const { machineId, provided, actor } = command;
  try {
    await transact(database, null, async (tx) => {
      if ((await operatorCommandFind(tx, command)) !== undefined) {
        return;
      }
      await tx
        .insertInto("machines")
        .values({ machine_id: machineId, name: command.name ?? null, labels: command.labels })
        .execute();
      await machineProvidedSet(tx, machineId, provided);
      await operatorCommandRecord(tx, command, 0n);
      const detail = { provider: provided.provider, providerId: provided.providerId, name: command.name };
      await historyAppend(tx, [{ machineId, actor, event: "machine_added", detail }]);
    });
  } catch (error) {
    const constraint = isUniqueViolation(error);
    if (constraint === "machines_pkey") {
      // The same command at the same time, elsewhere: it has committed by now.
      const carriedOut = await transact(database, null, (tx) => operatorCommandFind(tx, command));
      if (carriedOut !== undefined) {
        return;
      }
    }
    throw constraint === undefined ? error : machineTaken(constraint, command, error);
  }
}

function machineTaken(
  constraint: string,
  machine: { name?: string; provided: Provided },
  cause: unknown,
): DatabaseError {
  const { provider, providerId } = machine.provided;
  const what =
    constraint === "machines_name_key" ? `the name "${machine.name}"` : `"${providerId}" of provider "${provider}"`;
  return new DatabaseError("exists", `${what} is taken by another machine: each is one machine's only`, { cause });
}

/** Writes the tag `provided`, or replaces it. */
export async function machineProvidedSet(tx: Tx, machineId: MachineId, provided: Provided): Promise<void> {
  const row = {
    provider: provided.provider,
    provider_id: provided.providerId,
    provider_reservation_id: provided.reservationId ?? null,
    provider_address: provided.address ?? null,
    provider_location: provided.location ?? null,
    provider_status: provided.status ?? null,
  };
  await tx
    .insertInto("machine_provided")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
}

/**
 * The id of the machine with this id (any letter case) or name.
 * @throws {DatabaseError} `not_found`
 */
export async function machineResolve(database: Database, idOrName: string): Promise<MachineId> {
  const row = await database.kysely
    .selectFrom("machines")
    .select("machine_id")
    .where((is) => (isUuid(idOrName) ? is("machine_id", "=", toMachineId(idOrName)) : is("name", "=", idOrName)))
    .executeTakeFirst()
    .catch((error: unknown) => Promise.reject(translate(error)));
  if (row === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${idOrName}": \`farrier machine list\` shows all`);
  }
  return row.machine_id;
}

/**
 * Everything about one machine.
 * @throws {DatabaseError} `not_found`
 */
export async function machineShow(database: Database, machineId: MachineId): Promise<MachineRecord> {
  const [record] = await machinesWhere(database, sql`m.machine_id = ${machineId}`, 1);
  if (record === undefined) {
    throw new DatabaseError("not_found", `there is no machine "${machineId}": \`farrier machine list\` shows all`);
  }
  return record;
}

/** Machines by id, those after `after` where one is given, with all of the labels. */
export async function machineList(
  database: Database,
  page: { labels?: Record<string, string>; limit: number; after?: MachineId },
): Promise<MachineRecord[]> {
  const labels = page.labels ?? {};
  const conditions = [
    ...(page.after === undefined ? [] : [sql`m.machine_id > ${page.after}`]),
    ...(Object.keys(labels).length === 0 ? [] : [sql`m.labels @> ${JSON.stringify(labels)}::jsonb`]),
  ];
  const condition = conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
  return machinesWhere(database, condition, page.limit);
}

async function machinesWhere(
  database: Database,
  condition: ReturnType<typeof sql>,
  limit: number,
): Promise<MachineRecord[]> {
  const query = sql<MachineRow>`
    SELECT ${machineColumns} FROM ${machineTables} WHERE ${condition} ORDER BY m.machine_id LIMIT ${limit}`;
  const { rows } = await query.execute(database.kysely).catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => machineRecord(row));
}

function machineRecord(row: MachineRow): MachineRecord {
  return {
    machineId: row.machine_id,
    ...(row.name === null ? {} : { name: row.name }),
    labels: row.labels,
    createdAt: row.machine_created_at,
    lastGeneration: row.last_generation,
    ...providedOf(row),
    ...agentOf(row),
    ...installationOf(row),
    ...(row.installed_generation === null || row.installed_at === null
      ? {}
      : {
          installed: {
            generation: row.installed_generation,
            at: row.installed_at,
            ...(row.installed_digest === null ? {} : { digest: row.installed_digest }),
          },
        }),
  };
}

function providedOf(row: MachineRow): Pick<MachineRecord, "provided"> {
  if (row.provider === null || row.provider_id === null) {
    return {};
  }
  return {
    provided: {
      provider: row.provider,
      providerId: row.provider_id,
      ...(row.provider_reservation_id === null ? {} : { reservationId: row.provider_reservation_id }),
      ...(row.provider_address === null ? {} : { address: row.provider_address }),
      ...(row.provider_location === null ? {} : { location: row.provider_location }),
      ...(row.provider_status === null ? {} : { status: row.provider_status }),
    },
  };
}

function agentOf(row: MachineRow): Pick<MachineRecord, "agent"> {
  if (row.agent_started_at === null || row.agent_public_key === null) {
    return {};
  }
  return {
    agent: {
      startedAt: row.agent_started_at,
      publicKey: row.agent_public_key,
      ...(row.agent_heartbeat_at === null ? {} : { heartbeatAt: row.agent_heartbeat_at }),
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
      ...(row.result === null || row.reported_at === null
        ? {}
        : {
            final: { result: row.result, at: row.reported_at, ...(row.error === null ? {} : { error: row.error }) },
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
            },
          }),
    },
  };
}
