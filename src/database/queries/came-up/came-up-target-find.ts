import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { cameUpTargetSeconds, type CameUpTarget } from "./came-up-target-seen.ts";

/**
 * Finds where installed systems report: the listener that was seen last, with the CAs of all servers behind its
 * address; undefined if no server takes reports.
 * @throws {DatabaseError} `unavailable`
 */
export async function cameUpTargetFind(database: Database): Promise<CameUpTarget | undefined> {
  const { rows } = await sql<{ url: string; ca_pem: string }>`
    SELECT url, string_agg(ca_pem, '' ORDER BY ca_sha256) AS ca_pem FROM came_up_target
    WHERE seen_at > now() - make_interval(secs => ${cameUpTargetSeconds})
    GROUP BY url ORDER BY max(seen_at) DESC, url LIMIT 1`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  return row === undefined ? undefined : { url: row.url, caPem: row.ca_pem };
}
