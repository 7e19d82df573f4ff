import { sql } from "kysely";
import type { Database } from "../../connect.ts";

/** Deletes records of operators' commands that are older than 30 days; resolves to their number. */
export async function operatorCommandsForget(database: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM operator_command WHERE carried_out_at < now() - interval '30 days'`.execute(database.kysely);
  return Number(numAffectedRows ?? 0n);
}
