import { sql } from "kysely";
import type { Database } from "../../connect.ts";

/** Deletes codes and sessions a day after they expired; resolves to their number. */
export async function consoleForget(database: Database): Promise<number> {
  const links = await sql`
    DELETE FROM console_link WHERE expires_at < now() - interval '1 day'`.execute(database.kysely);
  const sessions = await sql`
    DELETE FROM console_session WHERE expires_at < now() - interval '1 day'`.execute(database.kysely);
  return Number((links.numAffectedRows ?? 0n) + (sessions.numAffectedRows ?? 0n));
}
