import type { Database } from "./connect.ts";
import { DatabaseError } from "./errors.ts";
import type { Generation, MachineId, RequestId } from "./ids.ts";
import { transact, type Tx } from "./transaction.ts";

/** A command of an operator, as its record stores it. */
export interface OperatorCommand {
  machineId: MachineId;
  requestId: RequestId;
  /** Its name, such as `installation_request`. */
  command: string;
  /** SHA-256 of the command's content, without the request id. */
  bodyDigest: Uint8Array;
  /** Further digests of the same body, by which an earlier record is known again: under earlier keys. */
  earlierDigests?: readonly Uint8Array[];
}

/** A command's answer besides the generation, as JSON. */
export type CommandAnswer = Record<string, string | number | boolean>;

/** The outcome of a command. */
export interface CommandOutcome {
  /** 0 means none. */
  generation: Generation | 0n;
  answer?: CommandAnswer;
}

/**
 * The generation in the command's first answer (0 means none), or undefined if it was not carried out yet. The machine
 * must be locked.
 * @throws {DatabaseError} `request_id_reused` if the request id belongs to another command or body
 */
export async function operatorCommandFind(tx: Tx, command: OperatorCommand): Promise<bigint | undefined> {
  return (await commandOutcomeFind(tx, command))?.generation;
}

async function commandOutcomeFind(tx: Tx, command: OperatorCommand): Promise<CommandOutcome | undefined> {
  const row = await tx
    .selectFrom("operator_command")
    .select(["command", "body_digest", "generation", "answer"])
    .where("machine_id", "=", command.machineId)
    .where("request_id", "=", command.requestId)
    .executeTakeFirst();
  if (row === undefined) {
    return undefined;
  }
  if (
    row.command !== command.command ||
    ![command.bodyDigest, ...(command.earlierDigests ?? [])].some((digest) => row.body_digest.equals(digest))
  ) {
    throw new DatabaseError(
      "request_id_reused",
      `request id ${command.requestId} was used for another command on this machine: repeat that one exactly, or make a new request id`,
    );
  }
  return {
    generation: row.generation,
    ...(row.answer === null ? {} : { answer: row.answer as CommandAnswer }),
  };
}

/** Records a command that this transaction carries out. */
export async function operatorCommandRecord(
  tx: Tx,
  command: OperatorCommand,
  generation: Generation | 0n,
  answer?: CommandAnswer,
): Promise<void> {
  await tx
    .insertInto("operator_command")
    .values({
      machine_id: command.machineId,
      request_id: command.requestId,
      command: command.command,
      body_digest: Buffer.from(command.bodyDigest),
      // The record stores no generation as 0.
      generation: generation as Generation,
      answer: answer ?? null,
    })
    .execute();
}

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

/** Locks a machine for the rest of the transaction, as every decision about it requires. False if it does not exist. */
export async function machineLock(tx: Tx, machineId: MachineId): Promise<boolean> {
  const row = await tx
    .selectFrom("machines")
    .select("machine_id")
    .where("machine_id", "=", machineId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row !== undefined;
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
