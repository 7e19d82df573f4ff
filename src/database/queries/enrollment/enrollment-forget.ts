import { sql } from "kysely";
import type { Database } from "../../connect.ts";

/** Forgets agents that ask to be let in and were not seen for a day; returns how many. */
export async function enrollmentsForget(database: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM enrollment_claim WHERE last_seen_at < now() - interval '1 day'`.execute(database.kysely);
  return Number(numAffectedRows ?? 0n);
}
