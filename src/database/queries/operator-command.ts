import type { Generation, MachineId, RequestId } from "../ids.ts";
import { DatabaseError } from "../errors.ts";
import type { Tx } from "../transaction.ts";

/** One command of an operator's, as its record keeps it. */
export interface OperatorCommand {
  machineId: MachineId;
  requestId: RequestId;
  /** Its name, such as `installation_request`. */
  command: string;
  /** SHA-256 of what was asked for, without the request id. */
  bodyDigest: Uint8Array;
}

/**
 * The generation that the command's first answer named (0 = none), or undefined where it was not carried out yet. The
 * machine must be locked.
 * @throws {DatabaseError} `request_id_reused` when the request id belongs to another command or body
 */
export async function operatorCommandFind(tx: Tx, command: OperatorCommand): Promise<bigint | undefined> {
  const row = await tx
    .selectFrom("operator_command")
    .select(["command", "body_digest", "generation"])
    .where("machine_id", "=", command.machineId)
    .where("request_id", "=", command.requestId)
    .executeTakeFirst();
  if (row === undefined) {
    return undefined;
  }
  if (row.command !== command.command || !row.body_digest.equals(command.bodyDigest)) {
    throw new DatabaseError(
      "request_id_reused",
      `request id ${command.requestId} was used for another command on this machine: repeat that one exactly, or make a new request id`,
    );
  }
  return row.generation;
}

/** Records a command that is carried out in this transaction. */
export async function operatorCommandRecord(
  tx: Tx,
  command: OperatorCommand,
  generation: Generation | 0n,
): Promise<void> {
  await tx
    .insertInto("operator_command")
    .values({
      machine_id: command.machineId,
      request_id: command.requestId,
      command: command.command,
      body_digest: Buffer.from(command.bodyDigest),
      // 0 stands for no generation in the record.
      generation: generation as Generation,
    })
    .execute();
}

/** Locks a machine for the rest of the transaction, as all that decides about it does. False where there is none. */
export async function machineLock(tx: Tx, machineId: MachineId): Promise<boolean> {
  const row = await tx
    .selectFrom("machines")
    .select("machine_id")
    .where("machine_id", "=", machineId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row !== undefined;
}
