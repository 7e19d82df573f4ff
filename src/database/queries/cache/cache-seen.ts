import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** Seconds after which a store that was not seen counts as gone. */
export const cacheStoreSeconds = 60;

/** A store of images, as it says of itself. */
export interface CacheStoreStanding {
  storeId: string;
  /** Addresses such as http://10.0.0.1:8081; none = no machine can fetch from it. */
  urls: readonly string[];
  files: readonly { digest: string; bytes: number }[];
  /** Digests of files that machines fetched from it since it was last seen. */
  used: readonly string[];
}

/**
 * Records that a store is there, and the files that it has. Stores that were not seen for a week are forgotten.
 * @throws {DatabaseError} `unavailable`
 */
export async function cacheSeen(database: Database, store: CacheStoreStanding): Promise<void> {
  const digests = store.files.map(({ digest }) => digest);
  const bytes = store.files.map((file) => file.bytes);
  await sql`
    WITH forgotten AS (DELETE FROM cache_store WHERE seen_at < now() - interval '7 days'),
    seen AS (
      INSERT INTO cache_store AS s (store_id, urls) VALUES (${store.storeId}, ${[...store.urls]}::text[])
      ON CONFLICT (store_id) DO UPDATE SET urls = excluded.urls, seen_at = now() RETURNING store_id
    ),
    gone AS (
      DELETE FROM cache_file WHERE store_id = ${store.storeId} AND digest <> ALL (${digests}::text[])
    )
    INSERT INTO cache_file AS f (digest, store_id, bytes, used_at)
    SELECT n.digest, seen.store_id, n.bytes, CASE WHEN n.digest = ANY (${[...store.used]}::text[]) THEN now() END
    FROM seen, unnest(${digests}::text[], ${bytes}::bigint[]) AS n (digest, bytes)
    ON CONFLICT (digest, store_id) DO UPDATE SET bytes = excluded.bytes, used_at = coalesce(excluded.used_at, f.used_at)
    WHERE f.bytes <> excluded.bytes OR excluded.used_at IS NOT NULL`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
