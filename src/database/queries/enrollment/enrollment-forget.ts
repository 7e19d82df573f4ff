import { sql } from "kysely";
import type { Database } from "../../connect.ts";

/** Deletes claims of agents that were not seen for a day; resolves to their number. */
export async function enrollmentsForget(database: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM enrollment_claim WHERE last_seen_at < now() - interval '1 day'`.execute(database.kysely);
  return Number(numAffectedRows ?? 0n);
}
