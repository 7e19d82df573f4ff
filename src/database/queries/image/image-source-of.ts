import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/**
 * Where a cached image with this digest comes from, sealed, of its newest version; undefined if the catalogue has none.
 * @throws {DatabaseError} `unavailable`
 */
export async function imageSourceOf(
  database: Database,
  digest: string,
): Promise<{ name: string; version: number; sealedSource: Uint8Array } | undefined> {
  const { rows } = await sql<{ image_name: string; version: number; sealed_source: Buffer }>`
    SELECT image_name, version, sealed_source FROM image_version
    WHERE digest = ${digest} AND cached AND state = 'ready' ORDER BY ready_at DESC LIMIT 1`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({ name: row.image_name, version: row.version, sealedSource: row.sealed_source }))[0];
}
