import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { MachineId } from "../../ids.ts";

/** Seconds after which a server that was not seen counts as gone; each reports itself once a minute. */
export const mediumServerSeconds = 180;

/** SQL condition on `boot_medium_server s`: it is there, and has a medium. */
export const mediumServed = sql<boolean>`s.seen_at > now() - make_interval(secs => ${mediumServerSeconds})
  AND s.architectures @> ARRAY['x86_64']`;

/** Records that boot media are served at this URL. @throws {DatabaseError} `unavailable` */
export async function mediumServerSeen(
  database: Database,
  server: { url: string; architectures: readonly string[] },
): Promise<void> {
  await sql`
    INSERT INTO boot_medium_server AS s (url, architectures) VALUES (${server.url}, ${server.architectures}::text[])
    ON CONFLICT (url) DO UPDATE SET architectures = excluded.architectures, seen_at = now()`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/**
 * The server of boot media that was seen last, of those that have a medium; undefined if there is none. The machine's provider
 * may have another URL for it. Servers that were not seen for a day are forgotten.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumServer(database: Database, machineId: MachineId): Promise<{ url: string } | undefined> {
  const { rows } = await sql<{ url: string }>`
    WITH gone AS (DELETE FROM boot_medium_server WHERE seen_at < now() - interval '1 day')
    SELECT coalesce((
      SELECT v.media_url FROM machine_provided p JOIN provider v ON v.provider = p.provider WHERE p.machine_id = ${machineId}
    ), s.url) AS url
    FROM boot_medium_server s WHERE ${mediumServed} ORDER BY s.seen_at DESC, s.url LIMIT 1`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}
