import type { Database } from "../../connect.ts";
import { DatabaseError, isUniqueViolation } from "../../errors.ts";
import { identityTaken } from "../../machine-identity.ts";
import { operatorCommandFind, operatorCommandRecord } from "../../operator-command-record.ts";
import type { OperatorCommand } from "../../operator-command.ts";
import { transact } from "../../transaction.ts";
import type { Provided } from "../views/machine-record.ts";
import { machineInsert, type NewMachine } from "./machine-insert.ts";

/**
 * Adds a machine. The caller chooses its id (derived from the request id), so that a repeated command finds it.
 * @throws {DatabaseError} `exists` if the name, the provider's id, the SMBIOS UUID or a MAC is taken;
 * `request_id_reused`
 */
export async function machineAdd(database: Database, command: OperatorCommand & NewMachine): Promise<void> {
  await machineAddOnce(database, command, () => machineAddWrite(database, command));
}

/**
 * Runs `add`, which the same command may be doing elsewhere at the same time.
 * @throws {DatabaseError} `exists` if the name or another unique value is taken; and what `add` throws
 */
export async function machineAddOnce(
  database: Database,
  command: OperatorCommand & NewMachine,
  add: () => Promise<void>,
): Promise<void> {
  try {
    await add();
  } catch (error) {
    const constraint = isUniqueViolation(error);
    if (constraint === "machines_pkey") {
      // The same command ran elsewhere at the same time, and has committed by now.
      const carriedOut = await transact(database, null, (tx) => operatorCommandFind(tx, command));
      if (carriedOut !== undefined) {
        return;
      }
    }
    const taken = await identityTaken(database, constraint, command.machineId, command, error);
    throw constraint === undefined ? error : (taken ?? machineTaken(constraint, command, error));
  }
}

async function machineAddWrite(database: Database, command: OperatorCommand & NewMachine): Promise<void> {
  await transact(database, null, async (tx) => {
    if ((await operatorCommandFind(tx, command)) === undefined) {
      await machineInsert(tx, command);
      await operatorCommandRecord(tx, command, 0n);
    }
  });
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
