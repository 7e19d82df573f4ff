import type { Database } from "./connect.ts";
import { DatabaseError } from "./errors.ts";
import type { Generation } from "./ids.ts";
import type { CommandAnswer, CommandOutcome, OperatorCommand } from "./operator-command.ts";
import { transact, type Tx } from "./transaction.ts";

/**
 * The generation in the command's first answer (0 means none), or undefined if it was not carried out yet. The machine
 * must be locked.
 * @throws {DatabaseError} `request_id_reused` if the request id belongs to another command or body
 */
export async function operatorCommandFind(tx: Tx, command: OperatorCommand): Promise<bigint | undefined> {
  return (await commandOutcomeFind(tx, command))?.generation;
}

/**
 * The outcome of the command, if it was carried out before, without a lock: for commands that are costly to prepare, or
 * whose preparation depends on what may have changed since. @throws {DatabaseError} `request_id_reused`, `unavailable`
 */
export async function commandOutcomeLook(
  database: Database,
  command: OperatorCommand,
): Promise<CommandOutcome | undefined> {
  return transact(database, null, (tx) => commandOutcomeFind(tx, command));
}

/** The outcome of the command, if it was carried out before. @throws {DatabaseError} `request_id_reused` */
export async function commandOutcomeFind(tx: Tx, command: OperatorCommand): Promise<CommandOutcome | undefined> {
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
