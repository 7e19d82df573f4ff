import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** Seconds after which a server that was not seen counts as gone; each reports itself once a minute. */
export const mediumServerSeconds = 180;

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
