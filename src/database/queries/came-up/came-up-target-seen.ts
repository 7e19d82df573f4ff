import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/**
 * Seconds after which a listener that was not seen again counts as gone. A restart of its server takes less; a system
 * calls again for an hour.
 */
export const cameUpTargetSeconds = 600;

/** Where installed systems report, for their vendor data. */
export interface CameUpTarget {
  /** https://HOST:PORT/came-up/v1 */
  url: string;
  /** The CA of its certificate; several if servers with CAs of their own share the address. */
  caPem: string;
}

/**
 * Records that a server takes reports there. Listeners that were not seen for a week are forgotten.
 * @throws {DatabaseError} `unavailable`
 */
export async function cameUpTargetSeen(database: Database, { url, caPem }: CameUpTarget): Promise<void> {
  const digest = createHash("sha256").update(caPem).digest();
  await sql`
    WITH forgotten AS (DELETE FROM came_up_target WHERE seen_at < now() - interval '7 days')
    INSERT INTO came_up_target (url, ca_sha256, ca_pem) VALUES (${url}, ${digest}, ${caPem})
    ON CONFLICT (url, ca_sha256) DO UPDATE SET seen_at = now()`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
