import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { OperationId } from "../../ids.ts";
import type { Session } from "../../session.ts";
import { storedText } from "../../../lib/format/stored-text.ts";
import { transact, type Tx } from "../../transaction.ts";
import { type Operation, operationColumns, operationOf, type OperationResult } from "./operation.ts";
import { operationsEnd } from "./operations-end.ts";

/** An operation that this session carries out. */
export interface HeldOperation extends Operation {
  /**
   * Records that the command is about to be sent. A process that finds this record must not send the command again.
   * @param check runs in the same transaction, and refuses the command by throwing
   */
  sending(check?: (tx: Tx) => Promise<void>): Promise<void>;
  /** Ends the operation with its result; `settle` writes in the same transaction. On an error, nothing is changed. */
  succeed(settle: (tx: Tx) => Promise<OperationResult>): Promise<void>;
  fail(failure: { code: string; cause: string }): Promise<void>;
  /** Runs `action` in a transaction that commits only while this session still carries out the operation. */
  within<Value>(action: (tx: Tx) => Promise<Value>): Promise<Value>;
}

/** The power switches and controllers that a shepherd reaches. */
export interface OperationReach {
  /** Names of all providers that it works on. */
  checks?: readonly string[];
  /** Names of providers with a power switch. */
  providers: readonly string[];
  controllers: boolean;
}

/**
 * Takes operations that no session holds: the oldest first, and at most one per machine. Operations that a lost session
 * may have sent, and operations that have waited too long, are ended as failed instead.
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function operationClaim(
  database: Database,
  session: Session,
  { checks = [], providers, controllers }: OperationReach,
  limit: number,
): Promise<HeldOperation[]> {
  const taken = await transact(database, session, async (tx) => {
    await operationsEnd(tx);
    const { rows } = await sql<Parameters<typeof operationOf>[0]>`
      UPDATE controller_operation o SET session_id = ${session.id}
      WHERE o.operation_id IN (
        SELECT n.operation_id FROM controller_operation n
        WHERE n.ended_at IS NULL AND n.session_id IS NULL
          AND NOT EXISTS (
            SELECT FROM controller_operation b
            WHERE b.machine_id = n.machine_id AND b.ended_at IS NULL
              AND (b.session_id IS NOT NULL OR (b.asked_at, b.operation_id) < (n.asked_at, n.operation_id))
          )
          AND (
            (${controllers} AND (
              n.kind = 'add' OR EXISTS (SELECT FROM machine_controller c WHERE c.machine_id = n.machine_id)
            ))
            OR (n.kind = 'provider-check' AND n.asked ->> 'provider' = ANY (${checks}::text[]))
            OR EXISTS (
              SELECT FROM machine_provided p WHERE p.machine_id = n.machine_id AND p.provider = ANY (${providers}::text[])
            )
          )
        ORDER BY n.asked_at, n.operation_id LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED
      ) RETURNING ${operationColumns}`.execute(tx);
    return rows.map((row) => operationOf(row));
  });
  return taken.map((operation) => heldOf(database, session, operation));
}

function heldOf(database: Database, session: Session, operation: Operation): HeldOperation {
  const { operationId } = operation;
  const within = <Value>(action: (tx: Tx) => Promise<Value>): Promise<Value> =>
    transact(database, session, async (tx) => {
      await held(tx, session, operationId);
      return action(tx);
    });
  return {
    ...operation,
    within,
    sending: (check) =>
      within(async (tx) => {
        await check?.(tx);
        await sql`UPDATE controller_operation SET sent_at = now() WHERE operation_id = ${operationId}`.execute(tx);
      }),
    succeed: (settle) =>
      within(async (tx) => {
        const result = storedText(JSON.stringify(await settle(tx)).replaceAll("\\u0000", ""));
        await sql`
          UPDATE controller_operation
          SET ended_at = now(), session_id = NULL, sealed_password = NULL, result = ${result}
          WHERE operation_id = ${operationId}`.execute(tx);
      }),
    fail: ({ code, cause }) =>
      within(async (tx) => {
        await sql`
          UPDATE controller_operation
          SET ended_at = now(), session_id = NULL, sealed_password = NULL, failed_code = ${code},
            failed_cause = ${storedText(cause)}
          WHERE operation_id = ${operationId}`.execute(tx);
      }),
  };
}

/** Checks and locks the operation. @throws {DatabaseError} `not_found` if the session does not hold it any more */
async function held(tx: Tx, session: Session, operationId: OperationId): Promise<void> {
  const { rows } = await sql`
    SELECT FROM controller_operation
    WHERE operation_id = ${operationId} AND session_id = ${session.id} AND ended_at IS NULL FOR NO KEY UPDATE`.execute(
    tx,
  );
  if (rows.length === 0) {
    throw new DatabaseError("not_found", `this session does not carry out operation ${operationId} any more`);
  }
}
