import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** What belongs to webhooks. */
const tables = ["webhook_delivery", "webhook_line", "webhook_dead_letter"] as const;

/**
 * Deletes what belonged to deleted webhooks, up to `limit` rows of a table; returns their number.
 * @throws {DatabaseError} `unavailable`
 */
export async function webhookLeftoversDelete(database: Database, limit: number): Promise<number> {
  let deleted = 0;
  for (const name of tables) {
    const table = sql.table(name);
    // The webhooks of the table, one step in its key for each.
    const { numAffectedRows } = await sql`
      WITH RECURSIVE present AS (
        SELECT (SELECT t.webhook_id FROM ${table} t ORDER BY t.webhook_id LIMIT 1) AS webhook_id
        UNION ALL
        SELECT (SELECT t.webhook_id FROM ${table} t WHERE t.webhook_id > p.webhook_id ORDER BY t.webhook_id LIMIT 1)
        FROM present p WHERE p.webhook_id IS NOT NULL
      )
      DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
        SELECT t.ctid FROM present p JOIN ${table} t ON t.webhook_id = p.webhook_id
        WHERE NOT EXISTS (SELECT FROM webhook w WHERE w.webhook_id = p.webhook_id)
        LIMIT ${limit} FOR UPDATE OF t SKIP LOCKED
      ))`
      .execute(database.kysely)
      .catch((error: unknown) => Promise.reject(translate(error)));
    deleted += Number(numAffectedRows ?? 0n);
  }
  return deleted;
}
