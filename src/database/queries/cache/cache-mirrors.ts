import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { cacheStoreSeconds } from "./cache-seen.ts";

/** An image that stores have, and where. */
export interface CacheMirrors {
  isPublic: boolean;
  urls: string[];
}

/**
 * All images that stores have, by sha256:HEX, and the database's time in seconds since 1970.
 * @throws {DatabaseError} `unavailable`
 */
export async function cacheMirrors(database: Database): Promise<{ now: number; images: Map<string, CacheMirrors> }> {
  const { rows } = await sql<{ now: number; digest: string | null; is_public: boolean; urls: string[] }>`
    SELECT extract(epoch FROM now())::float8 AS now, m.digest, coalesce(m.is_public, false) AS is_public, m.urls
    FROM (SELECT 1) AS once LEFT JOIN (
      SELECT f.digest, array_agg(u ORDER BY s.seen_at DESC, u) AS urls,
        EXISTS (
          SELECT FROM image_version v WHERE v.digest = f.digest AND v.public AND v.cached AND v.state = 'ready'
        ) AS is_public
      FROM cache_store s JOIN cache_file f USING (store_id) CROSS JOIN unnest(s.urls) AS u
      WHERE s.seen_at > now() - make_interval(secs => ${cacheStoreSeconds})
      GROUP BY f.digest
    ) AS m ON true`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return {
    now: rows[0]?.now ?? 0,
    images: new Map(
      rows.flatMap(({ digest, is_public: isPublic, urls }) => (digest === null ? [] : [[digest, { isPublic, urls }]])),
    ),
  };
}
