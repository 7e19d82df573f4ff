import type { Database } from "./connect.ts";
import { DatabaseError } from "./errors.ts";
import type { MachineId } from "./ids.ts";
import { machineLock } from "./machine-lock.ts";
import { commandOutcomeFind, operatorCommandRecord } from "./operator-command-record.ts";
import type { CommandOutcome, OperatorCommand } from "./operator-command.ts";
import { transact, type Tx } from "./transaction.ts";

/**
 * Locks the machine, then answers a repeated command from its record, or carries it out and records it, in one
 * transaction. `lock: "delete"` is for commands that delete the machine.
 * @throws {DatabaseError} `not_found`, `request_id_reused`, and what `carryOut` throws
 */
export async function operatorCommandOnce(
  database: Database,
  command: OperatorCommand,
  carryOut: (tx: Tx) => Promise<CommandOutcome>,
  lock: "decide" | "delete" = "decide",
): Promise<CommandOutcome> {
  return transact(database, null, async (tx) => {
    const there = await (lock === "delete" ? machineLockToDelete : machineLock)(tx, command.machineId);
    const before = await commandOutcomeFind(tx, command);
    if (before !== undefined) {
      return before;
    }
    if (!there) {
      throw new DatabaseError("not_found", `there is no machine "${command.machineId}"`);
    }
    const outcome = await carryOut(tx);
    await operatorCommandRecord(tx, command, outcome.generation, outcome.answer);
    return outcome;
  });
}

/** The stronger lock, which blocks even the first insert of a tag. */
async function machineLockToDelete(tx: Tx, machineId: MachineId): Promise<boolean> {
  const row = await tx
    .selectFrom("machines")
    .select("machine_id")
    .where("machine_id", "=", machineId)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}
