import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation, translate } from "../../errors.ts";
import type { CredentialId, MachineId, OperationId, RequestId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { present } from "../../../lib/defined.ts";

/** How a controller's certificate is to be trusted, as an operator says it. */
export type TrustAsked =
  /** Only a certificate with this SHA-256, in hex. */
  | { by: "fingerprint"; sha256: string }
  /** Whatever certificate it shows now, and only that from then on. */
  | { by: "accept-new" }
  | { by: "ca"; pem: string }
  | { by: "system" }
  | { by: "clear-text" }
  /** Nothing was said: the operation ends by telling the fingerprint. */
  | { by: "ask" };

/** What an operator asks of a controller or a power switch. Never a secret: credentials are named by their ids. */
export type OperationAsked =
  | {
      kind: "add";
      protocol: "redfish" | "ipmi";
      url: string;
      system?: string;
      credentialId: CredentialId;
      trust: TrustAsked;
      /** Of the machine that may be made. */
      machineId: MachineId;
      name?: string;
      /** The machine that it is the controller of; absent = the machine that its identity names, else a new one. */
      joins?: MachineId;
      startAgent: boolean;
    }
  | { kind: "check" }
  | { kind: "power"; command: "status" | "on" | "off" | "soft-off" | "cycle" | "reset" | "nmi" }
  | { kind: "boot"; target: "network" | "disk" | "http" | "media" | "setup"; once: boolean }
  | { kind: "identify"; on: boolean };

/** What came of it, as JSON keeps it: each kind's own. */
export type OperationResult = Record<string, unknown>;

/** An operation as its record says. */
export interface Operation {
  /** The request id of the command that asked for it. */
  operationId: OperationId;
  machineId?: MachineId;
  asked: OperationAsked;
  askedBy: string;
  askedAt: Date;
  /** A shepherd carries it out. */
  held: boolean;
  ended?: { at: Date } & ({ result: OperationResult } | { code: string; cause: string });
}

/** Seconds after which an operation that no shepherd has taken is not carried out any more: power must not change by surprise. */
export const operationPatience = 120;

interface OperationRow {
  operation_id: OperationId;
  machine_id: MachineId | null;
  asked: OperationAsked;
  asked_by: string;
  asked_at: Date;
  held: boolean;
  ended_at: Date | null;
  failed_code: string | null;
  failed_cause: string | null;
  result: OperationResult | null;
}

export const operationColumns = sql`
  o.operation_id, o.machine_id, o.asked, o.asked_by, o.asked_at, o.session_id IS NOT NULL AS held, o.ended_at,
  o.failed_code, o.failed_cause, o.result`;

export function operationOf(row: OperationRow): Operation {
  return {
    operationId: row.operation_id,
    ...present({ machineId: row.machine_id }),
    asked: row.asked,
    askedBy: row.asked_by,
    askedAt: row.asked_at,
    held: row.held,
    ...(row.ended_at === null ? {} : { ended: { at: row.ended_at, ...endOf(row) } }),
  };
}

function endOf({ failed_code: code, failed_cause: cause, result }: OperationRow) {
  return code !== null && cause !== null ? { code, cause } : { result: result ?? {} };
}

/**
 * Writes down what an operator asks, once for a request id; the operation that the request made.
 * @throws {DatabaseError} `request_id_reused`; `not_found` where the machine is gone; `unavailable`
 */
export async function operationAsk(
  database: Database,
  command: {
    requestId: RequestId;
    bodyDigest: Uint8Array;
    machineId?: MachineId;
    asked: OperationAsked;
    askedBy: string;
  },
): Promise<Operation> {
  const { requestId, machineId, asked, askedBy } = command;
  const digest = Buffer.from(command.bodyDigest);
  try {
    return await transact(database, null, async (tx) => {
      const before = await askedBefore(tx, requestId, digest);
      if (before !== undefined) {
        return before;
      }
      const { rows } = await sql<OperationRow>`
        INSERT INTO controller_operation AS o (operation_id, body_digest, machine_id, kind, asked, asked_by)
        VALUES (${requestId}, ${digest}, ${machineId ?? null}, ${asked.kind}, ${JSON.stringify(asked)}, ${askedBy})
        RETURNING ${operationColumns}`.execute(tx);
      const [row] = rows;
      if (row === undefined) {
        throw new Error("the operation that was just written is not there");
      }
      return operationOf(row);
    });
  } catch (error) {
    if (isUniqueViolation(error) === undefined) {
      throw error;
    }
    // The same command at the same time, elsewhere: it has committed by now.
    const before = await transact(database, null, (tx) => askedBefore(tx, requestId, digest));
    if (before === undefined) {
      throw error;
    }
    return before;
  }
}

async function askedBefore(tx: Tx, requestId: RequestId, digest: Buffer): Promise<Operation | undefined> {
  const { rows } = await sql<OperationRow & { body_digest: Buffer }>`
    SELECT ${operationColumns}, o.body_digest FROM controller_operation o WHERE o.operation_id = ${requestId}`.execute(
    tx,
  );
  const [row] = rows;
  if (row !== undefined && !row.body_digest.equals(digest)) {
    throw new DatabaseError(
      "request_id_reused",
      `request id ${requestId} was used for another command: repeat that one exactly, or make a new request id`,
    );
  }
  return row === undefined ? undefined : operationOf(row);
}

/**
 * How an operation stands.
 * @throws {DatabaseError} `not_found`; `unavailable`
 */
export async function operationShow(database: Database, operationId: OperationId): Promise<Operation> {
  const { rows } = await sql<OperationRow>`
    SELECT ${operationColumns} FROM controller_operation o WHERE o.operation_id = ${operationId}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  if (row === undefined) {
    throw new DatabaseError(
      "not_found",
      `there is no operation ${operationId}: an ended operation is kept for 30 days, and goes with its machine`,
    );
  }
  return operationOf(row);
}
