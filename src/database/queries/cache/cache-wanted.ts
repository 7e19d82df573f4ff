import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { cacheStoreSeconds } from "./cache-seen.ts";

/** An image that is to be in caches. */
export interface CacheWanted {
  /** sha256:HEX. */
  digest: string;
  bytes: number;
  isPublic: boolean;
  /** A pending request names it. */
  pinned: boolean;
  /** When a machine last fetched it from any store, or it became ready; in seconds since 1970. */
  usedAt: number;
  /** Where other stores have it. */
  urls: string[];
}

/**
 * The images that are to be in caches, and the database's time in seconds since 1970.
 * @throws {DatabaseError} `unavailable`
 */
export async function cacheWanted(
  database: Database,
  storeId: string,
): Promise<{ now: number; wanted: CacheWanted[] }> {
  const { rows } = await sql<{
    now: number;
    digest: string | null;
    bytes: string | null;
    is_public: boolean;
    pinned: boolean;
    used_at: number;
    urls: string[];
  }>`
    WITH image AS (
      SELECT v.digest, max((v.facts ->> 'packedBytes')::numeric)::text AS bytes, bool_or(v.public) AS is_public,
        max(v.ready_at) AS ready_at
      FROM image_version v WHERE v.cached AND v.state = 'ready' GROUP BY v.digest
    )
    SELECT extract(epoch FROM now())::float8 AS now, i.digest, i.bytes, i.is_public,
      EXISTS (
        SELECT FROM machine_os_installation_request q
        LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
        WHERE q.digest = i.digest AND installation_pending(q.generation, r.generation)
      ) AS pinned,
      extract(epoch FROM greatest(
        i.ready_at, (SELECT max(f.used_at) FROM cache_file f WHERE f.digest = i.digest)
      ))::float8 AS used_at,
      ARRAY(
        SELECT u FROM cache_file f JOIN cache_store s USING (store_id) CROSS JOIN unnest(s.urls) AS u
        WHERE f.digest = i.digest AND s.store_id <> ${storeId}
          AND s.seen_at > now() - make_interval(secs => ${cacheStoreSeconds})
        ORDER BY s.seen_at DESC, u
      ) AS urls
    FROM (SELECT 1) AS once LEFT JOIN image i ON true ORDER BY i.digest`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return {
    now: rows[0]?.now ?? 0,
    wanted: rows.flatMap(({ digest, bytes, is_public: isPublic, pinned, used_at: usedAt, urls }) =>
      digest === null ? [] : [{ digest, bytes: Number(bytes ?? 0), isPublic, pinned, usedAt, urls }],
    ),
  };
}
