import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { RequestId } from "../../ids.ts";
import { transact, type Tx } from "../../transaction.ts";

/** A command of an operator's that is about no machine, as its record keeps it. */
export interface SecretsCommand {
  requestId: RequestId;
  /** Its name, such as `credential_create`. */
  command: string;
  /** HMACs of what was asked for, without the request id: under the current key first, which is the one recorded. */
  bodyDigests: readonly Uint8Array[];
}

/** What a command answered, as JSON keeps it. */
export type SecretsCommandAnswer = Record<string, string>;

/**
 * Carries a command out once, and records it in the same transaction; repeated, it gets its first answer.
 * @throws {DatabaseError} `request_id_reused`; `unavailable`; and what `carryOut` throws
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
    // The same command at the same time waits here for the other one's end.
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

/** Deletes records of commands that are older than 30 days; returns how many. */
export async function secretsCommandsForget(database: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM secrets_command WHERE carried_out_at < now() - interval '30 days'`.execute(database.kysely);
  return Number(numAffectedRows ?? 0n);
}
