import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import type { ConsoleSessionId } from "../../ids.ts";

/** Records that a session was used. A session that was unused for too long stays so. */
export async function consoleSessionUsed(database: Database, id: ConsoleSessionId): Promise<void> {
  await sql`
    UPDATE console_session SET last_used_at = now()
    WHERE console_session_id = ${id} AND last_used_at > now() - interval '1 hour'`.execute(database.kysely);
}
