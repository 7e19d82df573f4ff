import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { RequestId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";

/** An operator's command that concerns no machine, as it is recorded. */
export interface SecretsCommand {
  requestId: RequestId;
  /** The command's name, such as `credential_create`. */
  command: string;
  /** HMACs of the command's body without the request id. The first is made with the current key, and is recorded. */
  bodyDigests: readonly Uint8Array[];
}

/** A command's answer in its JSON form. */
export type SecretsCommandAnswer = Record<string, string>;

/**
 * Carries out a command once, and records it in the same transaction. A repeated command gets the first answer.
 * @throws {DatabaseError} `request_id_reused`; `unavailable`; and the errors of `carryOut`
 */
export async function secretsCommandOnce(
  database: Database,
  { requestId, command, bodyDigests }: SecretsCommand,
  carryOut: (tx: Tx) => Promise<SecretsCommandAnswer>,
): Promise<SecretsCommandAnswer> {
  const [first] = bodyDigests;
  if (first === undefined) {
    throw new Error("a command without a digest");
  }
  return transact(database, null, async (tx) => {
    // A concurrent transaction with the same request id waits here until the other one has ended.
    const { rows } = await sql`
      INSERT INTO secrets_command (request_id, command, body_digest)
      VALUES (${requestId}, ${command}, ${Buffer.from(first)})
      ON CONFLICT (request_id) DO NOTHING RETURNING request_id`.execute(tx);
    if (rows.length === 0) {
      return answeredBefore(tx, { requestId, command, bodyDigests });
    }
    const answer = await carryOut(tx);
    await tx.updateTable("secrets_command").set({ answer }).where("request_id", "=", requestId).execute();
    return answer;
  });
}

/**
 * The answer of a command that was carried out before, for those that prepare much; undefined if it was not.
 * @throws {DatabaseError} `request_id_reused`; `unavailable`
 */
export async function secretsCommandFind(
  database: Database,
  command: SecretsCommand,
): Promise<SecretsCommandAnswer | undefined> {
  return transact(database, null, async (tx) => {
    const { rows } = await sql`SELECT FROM secrets_command WHERE request_id = ${command.requestId}`.execute(tx);
    return rows.length === 0 ? undefined : answeredBefore(tx, command);
  });
}

async function answeredBefore(
  tx: Tx,
  { requestId, command, bodyDigests }: SecretsCommand,
): Promise<SecretsCommandAnswer> {
  const row = await tx
    .selectFrom("secrets_command")
    .select(["command", "body_digest", "answer"])
    .where("request_id", "=", requestId)
    .executeTakeFirstOrThrow();
  if (row.command !== command || !bodyDigests.some((digest) => row.body_digest.equals(digest))) {
    throw new DatabaseError(
      "request_id_reused",
      `request id ${requestId} was used for another command: repeat that command unchanged, or make a new request id`,
    );
  }
  return (row.answer ?? {}) as SecretsCommandAnswer;
}

/** Deletes records of commands that are older than 30 days; returns their number. */
export async function secretsCommandsForget(database: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM secrets_command WHERE carried_out_at < now() - interval '30 days'`.execute(database.kysely);
  return Number(numAffectedRows ?? 0n);
}
