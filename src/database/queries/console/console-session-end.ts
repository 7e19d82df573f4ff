import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { ConsoleSessionId, RequestId } from "../../ids.ts";
import { transact } from "../../transaction.ts";
import type { ConsoleCaller } from "./console-caller.ts";

/**
 * Ends a browser's session, once per request id.
 * @param command.of only if it is a session of this caller's; absent means anybody's
 * @throws {DatabaseError} `not_found`; `refused` if it has ended; `request_id_reused`
 */
export async function consoleSessionEnd(
  database: Database,
  command: { requestId: RequestId; session: ConsoleSessionId; of?: ConsoleCaller },
): Promise<void> {
  const { requestId, session, of } = command;
  await transact(database, null, async (tx) => {
    const { rows: used } = await sql<{ console_session_id: ConsoleSessionId }>`
      SELECT console_session_id FROM console_session WHERE ended_request_id = ${requestId}`.execute(tx);
    const [before] = used;
    if (before !== undefined) {
      if (before.console_session_id !== session) {
        throw new DatabaseError(
          "request_id_reused",
          `request id ${requestId} was used for another command: repeat that one exactly, or make a new request id`,
        );
      }
      return;
    }
    const own =
      of === undefined
        ? sql`true`
        : sql`(actor, credential, token_id) IS NOT DISTINCT FROM (${of.name}, ${of.credential}, ${of.tokenId ?? null}::uuid)`;
    const { rows } = await sql<{ ended_at: Date | null }>`
      SELECT least(ended_at, CASE WHEN expires_at <= now() THEN expires_at END) AS ended_at
      FROM console_session WHERE console_session_id = ${session} AND ${own} FOR NO KEY UPDATE`.execute(tx);
    const [found] = rows;
    if (found === undefined) {
      throw new DatabaseError("not_found", `there is no console session ${session}: list them to see all`);
    }
    if (found.ended_at !== null) {
      throw new DatabaseError("refused", `console session ${session} ended at ${found.ended_at.toISOString()} already`);
    }
    await sql`
      UPDATE console_session SET ended_at = now(), ended_request_id = ${requestId}
      WHERE console_session_id = ${session}`.execute(tx);
  });
}
