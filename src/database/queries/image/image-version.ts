import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { Tx } from "../../transaction.ts";
import { cacheStoreSeconds } from "../cache/cache-seen.ts";
import { present } from "../../../lib/defined.ts";

/** How far a version of an image is. */
export const imageStates = ["fetching", "ready", "failed"] as const;
export type ImageStateName = (typeof imageStates)[number];

/** A version of an image as recorded. */
export interface ImageVersionRecord {
  name: string;
  version: number;
  state: ImageStateName;
  shownUrl: string;
  /** sha256:HEX. */
  digest?: string;
  signed: boolean;
  cached: boolean;
  isPublic: boolean;
  /** Where caches have it now. */
  cachedAt: string[];
  tags: string[];
  /** What was learned of it, as src/catalogue has written it. */
  facts?: Record<string, unknown>;
  fetching?: {
    /** Absent while no server fetches it. */
    phase?: string;
    bytesDone: bigint;
    bytesTotal: bigint;
    attempts: number;
    nextAt?: Date;
  };
  failure?: { code: string; text: string };
  createdAt: Date;
  createdBy: string;
  readyAt?: Date;
}

/** A version with its source, which stays sealed. */
export interface SourcedImageVersion extends ImageVersionRecord {
  sealedSource: Uint8Array;
  /** The signature that was fetched from beside the image. */
  fetchedSignature?: Uint8Array;
}

interface ImageVersionRow {
  image_name: string;
  version: number;
  state: ImageStateName;
  shown_url: string;
  digest: string | null;
  signed: boolean;
  cached: boolean;
  public: boolean;
  cached_at: string[];
  tags: string[];
  facts: Record<string, unknown> | null;
  held: boolean;
  phase: string | null;
  bytes_done: string | bigint;
  bytes_total: string | bigint;
  attempts: number;
  not_before: Date;
  failure_code: string | null;
  failure: string | null;
  created_at: Date;
  created_by: string;
  ready_at: Date | null;
}

/** The columns of a record; the table's alias is v. A source may be large, so lists leave it out. */
const columns = sql`
  v.image_name, v.version, v.state, v.shown_url, coalesce(v.digest, v.asked_digest) AS digest, v.signed,
  v.cached, v.public, v.facts, v.session_id IS NOT NULL AS held, v.phase, v.bytes_done, v.bytes_total, v.attempts, v.not_before,
  v.failure_code, v.failure, v.created_at, v.created_by, v.ready_at,
  ARRAY(
    SELECT u FROM cache_file f JOIN cache_store s USING (store_id) CROSS JOIN unnest(s.urls) AS u
    WHERE f.digest = v.digest AND s.seen_at > now() - make_interval(secs => ${cacheStoreSeconds}) ORDER BY u
  ) AS cached_at,
  ARRAY(
    SELECT t.tag FROM image_tag t WHERE t.image_name = v.image_name AND t.version = v.version ORDER BY t.tag
  ) AS tags`;

function recordOf(row: ImageVersionRow): ImageVersionRecord {
  const held = row.held && row.phase !== null;
  return {
    name: row.image_name,
    version: row.version,
    state: row.state,
    shownUrl: row.shown_url,
    signed: row.signed,
    cached: row.cached,
    isPublic: row.public,
    cachedAt: row.cached_at,
    tags: row.tags,
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...present({ digest: row.digest, facts: row.facts, readyAt: row.ready_at }),
    ...(row.state === "fetching"
      ? {
          fetching: {
            ...(held ? present({ phase: row.phase }) : { nextAt: row.not_before }),
            bytesDone: BigInt(row.bytes_done),
            bytesTotal: BigInt(row.bytes_total),
            attempts: row.attempts,
          },
        }
      : {}),
    ...(row.failure === null ? {} : { failure: { code: row.failure_code ?? "", text: row.failure } }),
  };
}

/**
 * One version: by its number or tag; without either the latest. Where no version has that tag, the newest that is ready is
 * the latest, and while none is ready, the newest.
 * @throws {DatabaseError} `not_found`; `unavailable`
 */
export async function imageVersionShow(
  source: Database | Tx,
  reference: { name: string; version?: number; tag?: string },
): Promise<SourcedImageVersion> {
  const { name, version, tag } = reference;
  const tagged = (of: string) => sql`SELECT t.version FROM image_tag t WHERE t.image_name = ${name} AND t.tag = ${of}`;
  const which =
    version === undefined
      ? tag === undefined
        ? sql`coalesce(
            (${tagged("latest")}),
            (SELECT max(n.version) FROM image_version n WHERE n.image_name = ${name} AND n.state = 'ready'),
            (SELECT max(n.version) FROM image_version n WHERE n.image_name = ${name}))`
        : sql`(${tagged(tag)})`
      : sql`${version}`;
  const { rows } = await sql<ImageVersionRow & { sealed_source: Buffer; fetched_signature: Buffer | null }>`
    SELECT ${columns}, v.sealed_source, v.fetched_signature FROM image_version v WHERE v.image_name = ${name} AND v.version = ${which}`
    .execute("kysely" in source ? source.kysely : source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  if (row === undefined) {
    const shown = version === undefined ? (tag === undefined ? name : `${name}@${tag}`) : `${name}@${version}`;
    throw new DatabaseError(
      "not_found",
      `there is no image "${shown}" in the catalogue: \`farrier image list\` shows all that there are`,
    );
  }
  return {
    ...recordOf(row),
    sealedSource: row.sealed_source,
    ...present({ fetchedSignature: row.fetched_signature }),
  };
}

/**
 * Images by name, each with its newest version; or all versions of one image, newest first.
 * @param page `after` is the last name, or version, of the page before
 * @throws {DatabaseError} `not_found` for versions of an unknown image; `unavailable`
 */
export async function imageVersionList(
  database: Database,
  page: { limit: number } & ({ after: string } | { name: string; before: number }),
): Promise<ImageVersionRecord[]> {
  const { rows } = await (
    "name" in page
      ? sql<ImageVersionRow>`
          SELECT ${columns} FROM image_version v
          WHERE v.image_name = ${page.name} AND (${page.before} = 0 OR v.version < ${page.before})
          ORDER BY v.version DESC LIMIT ${page.limit}`
      : sql<ImageVersionRow>`
          SELECT ${columns} FROM catalogue_image i
          JOIN image_version v ON v.image_name = i.image_name
            AND v.version = (SELECT max(n.version) FROM image_version n WHERE n.image_name = i.image_name)
          WHERE ${page.after} = '' OR i.image_name > ${page.after}
          ORDER BY i.image_name LIMIT ${page.limit}`
  )
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  if (rows.length === 0 && "name" in page && page.before === 0) {
    throw new DatabaseError(
      "not_found",
      `there is no image "${page.name}" in the catalogue: \`farrier image list\` shows all that there are`,
    );
  }
  return rows.map((row) => recordOf(row));
}
