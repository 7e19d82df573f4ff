import { sql } from "kysely";
import type { Database } from "../../connect.ts";

/** Ends the sessions, and voids the codes, that the data directory's token began: the token was replaced. */
export async function consoleSessionsLocalEnd(database: Database): Promise<void> {
  await sql`
    UPDATE console_session SET ended_at = now() WHERE credential = 'data-directory' AND ended_at IS NULL`.execute(
    database.kysely,
  );
  await sql`
    UPDATE console_link SET used_at = now() WHERE credential = 'data-directory' AND used_at IS NULL`.execute(
    database.kysely,
  );
}
