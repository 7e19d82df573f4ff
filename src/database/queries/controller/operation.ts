import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation, translate } from "../../errors.ts";
import type { CredentialId, MachineId, OperationId, RequestId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";
import { present } from "../../../lib/defined.ts";

/** How an operator wants a controller's certificate to be verified. */
export type TrustAsked =
  /** Only a certificate with this SHA-256, in hex. */
  | { by: "fingerprint"; sha256: string }
  /** The certificate that it shows now is accepted, and no other from then on. */
  | { by: "accept-new" }
  | { by: "ca"; pem: string }
  | { by: "system" }
  | { by: "clear-text" }
  /** The operator did not say: the operation ends by reporting the fingerprint. */
  | { by: "ask" };

/**
 * What an operator asks of a controller or a power switch. It contains no secret: credentials are referred to by their
 * ids.
 */
export type OperationAsked =
  | {
      kind: "add";
      protocol: "redfish" | "ipmi";
      url: string;
      system?: string;
      credentialId: CredentialId;
      trust: TrustAsked;
      /** The id for a new machine, if one is needed. */
      machineId: MachineId;
      name?: string;
      /**
       * The machine that the controller belongs to; absent = the machine that its identity matches, or else a new one.
       */
      joins?: MachineId;
      startAgent: boolean;
      /** The means of its starts, or "auto"; absent = as it is. */
      bootBy?: string;
    }
  /** `media`: also by a test medium in its drive. */
  | { kind: "check"; media?: boolean }
  | { kind: "provider-check"; provider: string }
  | {
      kind: "power";
      command: "status" | "on" | "off" | "soft-off" | "cycle" | "reset" | "nmi";
      /** The operator has confirmed that what runs on the machine may be stopped; absent = not. */
      confirmed?: boolean;
    }
  | { kind: "boot"; target: "network" | "disk" | "http" | "media" | "setup"; once: boolean }
  | { kind: "identify"; on: boolean }
  /** Changes the password of the account on the controller. The new one is stored with the operation, sealed. */
  | { kind: "password" };

/** The result in its JSON form; its properties depend on the kind. */
export type OperationResult = Record<string, unknown>;

/** An operation as recorded. */
export interface Operation {
  /** The request id of the command that asked for it. */
  operationId: OperationId;
  machineId?: MachineId;
  asked: OperationAsked;
  askedBy: string;
  askedAt: Date;
  /** Whether a shepherd is carrying it out. */
  held: boolean;
  ended?: { at: Date } & ({ result: OperationResult } | { code: string; cause: string });
}

/**
 * Seconds after which an operation that no shepherd has taken is ended as failed: a late power command would be a
 * surprise.
 */
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
 * Records an operation, once per request id; resolves to the operation of that request.
 * @throws {DatabaseError} `request_id_reused`; `not_found` if the machine does not exist; `unavailable`
 */
export async function operationAsk(
  database: Database,
  command: {
    requestId: RequestId;
    bodyDigest: Uint8Array;
    /** Digests of the same body under earlier keys, for a command that holds a secret. */
    earlierDigests?: readonly Uint8Array[];
    machineId?: MachineId;
    asked: OperationAsked;
    askedBy: string;
    /** A new password, sealed for this operation. */
    sealedPassword?: Uint8Array;
    /** Throws if the operation can't be asked for now. Not called for a repeated command. */
    guard?: (tx: Tx) => Promise<void>;
  },
): Promise<Operation> {
  const { requestId, machineId, asked, askedBy, sealedPassword, guard, earlierDigests = [] } = command;
  const digest = Buffer.from(command.bodyDigest);
  const digests = [digest, ...earlierDigests];
  try {
    return await transact(database, null, async (tx) => {
      const before = await askedBefore(tx, requestId, digests);
      if (before !== undefined) {
        return before;
      }
      await guard?.(tx);
      const { rows } = await sql<OperationRow>`
        INSERT INTO controller_operation AS o (
          operation_id, body_digest, machine_id, kind, asked, asked_by, sealed_password
        ) VALUES (
          ${requestId}, ${digest}, ${machineId ?? null}, ${asked.kind}, ${JSON.stringify(asked)}, ${askedBy},
          ${sealedPassword === undefined ? null : Buffer.from(sealedPassword)}
        )
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
    // A concurrent transaction with the same request id has committed by now.
    const before = await transact(database, null, (tx) => askedBefore(tx, requestId, digests));
    if (before === undefined) {
      throw error;
    }
    return before;
  }
}

async function askedBefore(
  tx: Tx,
  requestId: RequestId,
  digests: readonly Uint8Array[],
): Promise<Operation | undefined> {
  const { rows } = await sql<OperationRow & { body_digest: Buffer }>`
    SELECT ${operationColumns}, o.body_digest FROM controller_operation o WHERE o.operation_id = ${requestId}`.execute(
    tx,
  );
  const [row] = rows;
  if (row !== undefined && !digests.some((digest) => row.body_digest.equals(digest))) {
    throw new DatabaseError(
      "request_id_reused",
      `request id ${requestId} was used for another command: repeat that one exactly, or make a new request id`,
    );
  }
  return row === undefined ? undefined : operationOf(row);
}

/** Reads an operation. @throws {DatabaseError} `not_found`; `unavailable` */
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
