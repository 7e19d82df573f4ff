import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { ConsoleSessionId } from "../../ids.ts";
import type { ConsoleCaller } from "./console-caller.ts";
import {
  consoleSessionColumns,
  consoleSessionLive,
  consoleSessionRecord,
  type ConsoleSessionRecord,
  type ConsoleSessionRow,
} from "./console-session-record.ts";

/** Where a page of sessions ended. */
export interface ConsoleSessionCursor {
  /** Microseconds since 1970. */
  atMicroseconds: bigint;
  id: ConsoleSessionId;
}

/** The sessions that let their browsers in, newest first; with a cursor only earlier ones, with `of` only the caller's. */
export async function consoleSessionList(
  database: Database,
  page: { of?: ConsoleCaller; limit: number; after?: ConsoleSessionCursor },
): Promise<(ConsoleSessionRecord & { cursor: ConsoleSessionCursor })[]> {
  const { of, after } = page;
  const conditions = [
    consoleSessionLive,
    of === undefined
      ? sql`true`
      : sql`(s.actor, s.credential, s.token_id) IS NOT DISTINCT FROM (${of.name}, ${of.credential}, ${of.tokenId ?? null}::uuid)`,
    after === undefined
      ? sql`true`
      : sql`(s.started_at, s.console_session_id) <
          ('epoch'::timestamptz + ${after.atMicroseconds} * interval '1 microsecond', ${after.id}::uuid)`,
  ];
  const { rows } = await sql<ConsoleSessionRow & { started_microseconds: bigint }>`
    SELECT ${consoleSessionColumns}, (extract(epoch FROM s.started_at) * 1000000)::bigint AS started_microseconds
    FROM console_session s LEFT JOIN operator_token t USING (token_id) WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY s.started_at DESC, s.console_session_id DESC LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({
    ...consoleSessionRecord(row),
    cursor: { atMicroseconds: row.started_microseconds, id: row.console_session_id },
  }));
}
