import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { ConsoleSessionId, MachineId, RequestId, TokenId } from "../../ids.ts";
import type { Role } from "../../role.ts";
import { present } from "../../../lib/defined.ts";

/** How an operator authenticated. */
export type CredentialKind = "data-directory" | "token" | "certificate";

/** A command of an operator, as stored in the audit. */
export interface AuditEntry {
  actor: string;
  credential: CredentialKind;
  tokenId?: TokenId;
  /** The browser's session in which the command was given. */
  consoleSession?: ConsoleSessionId;
  role: Role;
  /** Full name of the RPC. */
  method: string;
  /** The machine as the caller named it; empty means none. */
  machine: string;
  /** Given if it is known; otherwise it is looked up by the name. */
  machineId?: MachineId;
  /** Its name now; only read. */
  machineName?: string;
  address: string;
  code: string;
  message: string;
  requestId?: RequestId;
}

/** Where a page of the audit ended. */
export interface AuditCursor {
  /** Microseconds since 1970. */
  atMicroseconds: bigint;
  id: bigint;
}

/** Appends an entry. @throws {DatabaseError} `unavailable` */
export async function auditAppend(database: Database, entry: AuditEntry): Promise<void> {
  await sql`
    INSERT INTO operator_audit (
      actor, credential, token_id, role, method, machine, machine_id, address, code, message, request_id,
      console_session_id
    ) VALUES (
      ${entry.actor}, ${entry.credential}, ${entry.tokenId ?? null}, ${entry.role}, ${entry.method}, ${entry.machine},
      coalesce(${entry.machineId ?? null}::uuid, (SELECT machine_id FROM machines WHERE name = ${entry.machine})),
      ${entry.address}, ${entry.code}, ${entry.message}, ${entry.requestId ?? null},
      ${entry.consoleSession ?? null}
    )`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** Operators' commands and refused calls, newest first; with a cursor only earlier ones. */
export async function auditList(
  database: Database,
  page: {
    machineId?: MachineId;
    actor?: string;
    /** Full names of RPCs, any of them; empty means all. */
    methods: readonly string[];
    result?: "ok" | "refused";
    /** Only entries that are not older than this. */
    from?: Date;
    /** Only entries that are older than this. */
    until?: Date;
    limit: number;
    before?: AuditCursor;
  },
): Promise<(AuditEntry & { at: Date; cursor: AuditCursor })[]> {
  let query = database.kysely
    .selectFrom("operator_audit")
    .leftJoin("machines", "machines.machine_id", "operator_audit.machine_id")
    .selectAll("operator_audit")
    .select(
      sql<string | null>`CASE WHEN operator_audit.machine_id IS NULL THEN NULL
        WHEN machines.machine_id IS NOT NULL THEN machines.name
        ELSE (SELECT h.detail ->> 'name' FROM history h
              WHERE h.machine_id = operator_audit.machine_id AND h.event = 'machine_deleted'
              ORDER BY h.at DESC LIMIT 1) END`.as("machine_name"),
    )
    .select(sql<bigint>`(extract(epoch FROM at) * 1000000)::bigint`.as("at_microseconds"))
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(page.limit);
  if (page.machineId !== undefined) {
    query = query.where("operator_audit.machine_id", "=", page.machineId);
  }
  if (page.actor !== undefined) {
    query = query.where("actor", "=", page.actor);
  }
  if (page.before !== undefined) {
    const { atMicroseconds, id } = page.before;
    query = query.where(
      sql<boolean>`(at, id) < ('epoch'::timestamptz + ${atMicroseconds} * interval '1 microsecond', ${id})`,
    );
  }
  if (page.methods.length > 0) {
    query = query.where("method", "in", [...page.methods]);
  }
  if (page.result !== undefined) {
    query = query.where("code", page.result === "ok" ? "=" : "<>", sql.lit("ok"));
  }
  if (page.from !== undefined) {
    query = query.where("at", ">=", page.from);
  }
  if (page.until !== undefined) {
    query = query.where("at", "<", page.until);
  }
  const rows = await query.execute().catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    at: row.at,
    actor: row.actor,
    // The table's CHECKs limit these two to their sets.
    credential: row.credential as CredentialKind,
    role: row.role as Role,
    // The column has no foreign key, so it is a plain UUID.
    ...present({ tokenId: row.token_id, consoleSession: row.console_session_id as ConsoleSessionId | null }),
    method: row.method,
    machine: row.machine,
    ...present({ machineId: row.machine_id, machineName: row.machine_name }),
    address: row.address,
    code: row.code,
    message: row.message,
    ...present({ requestId: row.request_id }),
    cursor: { atMicroseconds: row.at_microseconds, id: row.id },
  }));
}
