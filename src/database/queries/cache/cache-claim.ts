import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** Seconds for which a claim holds that is not renewed. */
export const cacheClaimSeconds = 60;

/** The place of the one claim for fetching from the origin. */
const originPlace = "00000000-0000-0000-0000-000000000000";

/** What is to be fetched, to where, and by whom. */
export interface CacheClaim {
  digest: string;
  /** A store that copies from another one; or the origin, for all. */
  place: { storeId: string } | "origin";
  /** A UUID of the process. */
  holder: string;
}

const placeOf = ({ place }: CacheClaim): string => (place === "origin" ? originPlace : place.storeId);

/**
 * Takes the claim to fetch a file, or renews it; resolves to false if another process has it, or if it may not be tried
 * again yet.
 * @throws {DatabaseError} `unavailable`
 */
export async function cacheClaim(database: Database, claim: CacheClaim): Promise<boolean> {
  const { rows } = await sql`
    INSERT INTO cache_fetch AS c (digest, place, holder) VALUES (${claim.digest}, ${placeOf(claim)}, ${claim.holder})
    ON CONFLICT (digest, place) DO UPDATE SET holder = excluded.holder, heard_at = now()
    WHERE c.not_before <= now()
      AND (c.holder = excluded.holder OR c.heard_at < now() - make_interval(secs => ${cacheClaimSeconds}))
    RETURNING 1`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.length === 1;
}

/**
 * Gives a claim back. After a failure nobody may take it for some seconds.
 * @throws {DatabaseError} `unavailable`
 */
export async function cacheClaimEnd(database: Database, claim: CacheClaim, waitSeconds: number): Promise<void> {
  const mine = sql`digest = ${claim.digest} AND place = ${placeOf(claim)} AND holder = ${claim.holder}`;
  await (
    waitSeconds === 0
      ? sql`DELETE FROM cache_fetch WHERE ${mine}`
      : sql`
          UPDATE cache_fetch SET heard_at = '-infinity', not_before = now() + make_interval(secs => ${waitSeconds})
          WHERE ${mine}`
  )
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
