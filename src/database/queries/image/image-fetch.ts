import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import type { Session } from "../../session.ts";
import { storedText } from "../../../lib/format/stored-text.ts";
import { transact, type Tx } from "../../transaction.ts";

/** A version of an image that this session fetches. */
export interface HeldImageFetch {
  name: string;
  version: number;
  /** With this one. */
  attempts: number;
  sealedSource: Uint8Array;
  cached: boolean;
  /** Records how far it is; resolves to false if the session does not fetch it any more. */
  progress(progress: { phase: string; bytesDone: number; bytesTotal: number; trouble?: string }): Promise<boolean>;
  /** It was fetched and looked into: it becomes the latest version, unless a later one is. */
  succeed(learned: { digest: string; facts: object; signature?: Uint8Array }): Promise<void>;
  /** It can't be used, or is given up. `learned`: what is known of it all the same. */
  fail(failure: { code: string; text: string }, learned?: { digest: string; facts: object }): Promise<void>;
  /** It is tried again after this number of seconds. */
  again(failure: { code: string; text: string }, seconds: number): Promise<void>;
  /** Another session may fetch it at once: this one stops. */
  release(): Promise<void>;
}

/** The host that a version comes from; the text of the URL that is shown has no credentials in it. */
const hostOf = (alias: string) =>
  sql`substring(${sql.ref(`${alias}.shown_url`)} from '^(?:https?://|oci:/*)([[][^]]*[]]|[^/:?#]+)')`;

/**
 * Takes the oldest version that is to be fetched and that nobody fetches, of a host from which nothing is fetched now; or a
 * version that this session holds and has lost track of, because the database was away when it was to be settled.
 * @param fetching versions that this session does fetch
 * @throws {DatabaseError} `session_lost`, `unavailable`
 */
export async function imageFetchClaim(
  database: Database,
  session: Session,
  fetching: readonly { name: string; version: number }[],
): Promise<HeldImageFetch | undefined> {
  const names = fetching.map(({ name }) => name);
  const versions = fetching.map(({ version }) => version);
  const [row] = await transact(database, session, async (tx) => {
    const claimed = await sql<HeldRow>`
      UPDATE image_version v
      SET session_id = ${session.id}, phase = 'fetching', bytes_done = 0, bytes_total = 0, progress_at = now(),
        attempts = v.attempts + CASE WHEN v.session_id IS NULL THEN 1 ELSE 0 END
      WHERE (v.image_name, v.version) IN (
        SELECT n.image_name, n.version FROM image_version n
        WHERE n.state = 'fetching' AND n.not_before <= now()
          AND (
            n.session_id IS NULL AND NOT EXISTS (
              SELECT FROM image_version o
              WHERE o.state = 'fetching' AND o.session_id IS NOT NULL AND ${hostOf("o")} = ${hostOf("n")}
            ) OR n.session_id = ${session.id} AND NOT EXISTS (
              SELECT FROM unnest(${names}::text[], ${versions}::integer[]) AS f (name, version)
              WHERE f.name = n.image_name AND f.version = n.version
            )
          )
        ORDER BY n.not_before, n.image_name, n.version LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
      ) RETURNING v.image_name, v.version, v.attempts, v.sealed_source, v.cached`.execute(tx);
    return claimed.rows;
  });
  return row === undefined ? undefined : heldOf(database, session, row);
}

interface HeldRow {
  image_name: string;
  version: number;
  attempts: number;
  sealed_source: Buffer;
  cached: boolean;
}

function heldOf(database: Database, session: Session, row: HeldRow): HeldImageFetch {
  const { image_name: name, version } = row;
  const mine = sql`image_name = ${name} AND version = ${version} AND state = 'fetching' AND session_id = ${session.id}`;
  const settle = (action: (tx: Tx) => Promise<{ numAffectedRows?: bigint }>): Promise<void> =>
    transact(database, session, async (tx) => {
      const { numAffectedRows } = await action(tx);
      if (numAffectedRows !== 1n) {
        throw new DatabaseError("not_found", `this session does not fetch image ${name}@${version} any more`);
      }
    });
  return {
    name,
    version,
    attempts: row.attempts,
    sealedSource: row.sealed_source,
    cached: row.cached,
    progress: async ({ phase, bytesDone, bytesTotal, trouble }) => {
      const { numAffectedRows } = await sql`
        UPDATE image_version
        SET phase = ${phase}, bytes_done = ${bytesDone}, bytes_total = ${bytesTotal}, progress_at = now(),
          failure = ${trouble === undefined ? null : storedText(trouble)},
          failure_code = ${trouble === undefined ? null : "unavailable"}
        WHERE ${mine}`.execute(database.kysely);
      return numAffectedRows === 1n;
    },
    succeed: ({ digest, facts, signature }) =>
      settle(async (tx) => {
        const done = await sql`
          UPDATE image_version
          SET state = 'ready', session_id = NULL, digest = ${digest}, facts = ${stored(facts)}::jsonb, ready_at = now(),
            fetched_signature = ${signature === undefined ? null : Buffer.from(signature)}, phase = NULL, failure = NULL,
            failure_code = NULL
          WHERE ${mine}`.execute(tx);
        await sql`
          INSERT INTO image_tag (image_name, tag, version, set_by)
          SELECT ${name}, 'latest', max(v.version), 'system' FROM image_version v
          WHERE v.image_name = ${name} AND v.state = 'ready' HAVING max(v.version) IS NOT NULL
          ON CONFLICT (image_name, tag) DO UPDATE
          SET version = ${version}, set_at = now(), set_by = EXCLUDED.set_by
          WHERE image_tag.version < ${version}`.execute(tx);
        return done;
      }),
    fail: ({ code, text }, learned) =>
      settle((tx) =>
        sql`
          UPDATE image_version
          SET state = 'failed', session_id = NULL, phase = NULL, failure_code = ${code}, failure = ${storedText(text)},
            digest = ${learned?.digest ?? null}, facts = ${learned === undefined ? null : stored(learned.facts)}::jsonb
          WHERE ${mine}`.execute(tx),
      ),
    again: ({ code, text }, seconds) =>
      settle((tx) =>
        sql`
          UPDATE image_version
          SET session_id = NULL, phase = NULL, failure_code = ${code}, failure = ${storedText(text)},
            not_before = now() + make_interval(secs => ${seconds})
          WHERE ${mine}`.execute(tx),
      ),
    release: () =>
      settle((tx) =>
        sql`
          UPDATE image_version SET session_id = NULL, phase = NULL, attempts = attempts - 1, not_before = now()
          WHERE ${mine}`.execute(tx),
      ),
  };
}

/** JSON that PostgreSQL takes: it has no NUL in texts. */
function stored(value: object): string {
  return storedText(JSON.stringify(value).replaceAll("\\u0000", ""));
}
