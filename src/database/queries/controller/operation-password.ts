import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { MachineId, OperationId } from "../../ids.ts";
import type { Tx } from "../../transaction.ts";

/**
 * Checks that no change of the password of this machine's controller is open, and excludes another one until the
 * transaction ends. Two at once could leave a password that nobody knows.
 * @throws {DatabaseError} `not_found` if the machine has no controller; `refused`
 */
export async function passwordChangeFree(tx: Tx, machineId: MachineId): Promise<void> {
  const { rows } = await sql<{ url: string }>`
    SELECT c.url FROM machine_controller c JOIN credential r ON r.credential_id = c.credential_id
    WHERE c.machine_id = ${machineId} FOR NO KEY UPDATE OF r`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    throw new DatabaseError("not_found", "this machine has no controller: `farrier bmc add --help` says how to add it");
  }
  const { rows: open } = await sql<{ machine: string }>`
    SELECT coalesce(m.name, m.machine_id::text) AS machine
    FROM controller_operation o
    JOIN machine_controller c ON c.machine_id = o.machine_id
    JOIN machines m ON m.machine_id = o.machine_id
    WHERE o.kind = 'password' AND o.ended_at IS NULL AND c.url = ${row.url}`.execute(tx);
  if (open[0] !== undefined) {
    throw new DatabaseError(
      "refused",
      `the password of this controller is being changed already, for machine ${open[0].machine}: wait until that ends, ` +
        "then look whether another change is needed",
    );
  }
}

/** The sealed password that an operation is to set; undefined if it has none yet. @throws {DatabaseError} `unavailable` */
export async function operationPasswordRead(
  database: Database,
  operationId: OperationId,
): Promise<Uint8Array | undefined> {
  const row = await database.kysely
    .selectFrom("controller_operation")
    .select("sealed_password")
    .where("operation_id", "=", operationId)
    .executeTakeFirst()
    .catch((error: unknown) => Promise.reject(translate(error)));
  return row?.sealed_password ?? undefined;
}

/** Records that the password is about to be sent: the operation is from now on repeated with it until it ends. */
export async function operationPasswordBegin(
  tx: Tx,
  operationId: OperationId,
  sealedPassword: Uint8Array,
): Promise<void> {
  await tx
    .updateTable("controller_operation")
    .set({ sealed_password: Buffer.from(sealedPassword), sent_at: sql<Date>`now()` })
    .where("operation_id", "=", operationId)
    .execute();
}
