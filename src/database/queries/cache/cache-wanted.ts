import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { cacheStoreSeconds } from "./cache-seen.ts";

/** An image, or a file of a boot image, that is to be in caches. */
export interface CacheWanted {
  /** sha256:HEX. */
  digest: string;
  bytes: number;
  isPublic: boolean;
  /** A pending request names it, or machines boot from it. */
  pinned: boolean;
  /** When a machine last fetched it from any store, or it became ready; in seconds since 1970. */
  usedAt: number;
  /** Where other stores have it. */
  urls: string[];
  /** The files of boot images that have these bytes, such as x86_64/vmlinuz. */
  boot: string[];
}

/**
 * The images and boot files that are to be in caches, and the database's time in seconds since 1970.
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
    boot: string[];
  }>`
    WITH image AS (
      SELECT w.digest, max(w.bytes)::text AS bytes, bool_or(w.is_public) AS is_public, max(w.ready_at) AS ready_at,
        coalesce(array_agg(w.boot ORDER BY w.boot) FILTER (WHERE w.boot IS NOT NULL), '{}') AS boot
      FROM (
        SELECT v.digest, (v.facts ->> 'packedBytes')::numeric AS bytes, v.public AS is_public, v.ready_at,
          NULL AS boot
        FROM image_version v WHERE v.cached AND v.state = 'ready'
        UNION ALL
        SELECT b.digest, b.bytes, true, b.built_at, b.architecture || '/' || b.file FROM boot_image_file b
      ) AS w GROUP BY w.digest
    )
    SELECT extract(epoch FROM now())::float8 AS now, i.digest, i.bytes, i.is_public, i.boot,
      i.boot <> '{}' OR EXISTS (
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
    wanted: rows.flatMap(({ digest, bytes, is_public: isPublic, pinned, used_at: usedAt, urls, boot }) =>
      digest === null ? [] : [{ digest, bytes: Number(bytes ?? 0), isPublic, pinned, usedAt, urls, boot }],
    ),
  };
}
