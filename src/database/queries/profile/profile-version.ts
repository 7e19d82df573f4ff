import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError, translate } from "../../errors.ts";
import type { Tx } from "../../transaction.ts";

/** A version of a profile as recorded. */
export interface ProfileVersionRecord {
  name: string;
  version: number;
  /** NAME, NAME@VERSION or NAME@TAG. */
  image: string;
  appliedAt: Date;
  appliedBy: string;
}

/** A version with what it says, which stays sealed. */
export interface SpecifiedProfileVersion extends ProfileVersionRecord {
  sealedSpec: Uint8Array;
}

interface ProfileVersionRow {
  profile_name: string;
  version: number;
  image: string;
  applied_at: Date;
  applied_by: string;
}

/** What a profile says may be large, so lists leave it out. */
const columns = sql`v.profile_name, v.version, v.image, v.applied_at, v.applied_by`;

function profileOf(row: ProfileVersionRow): ProfileVersionRecord {
  return {
    name: row.profile_name,
    version: row.version,
    image: row.image,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
  };
}

function profileUnknown(shown: string): DatabaseError {
  return new DatabaseError(
    "not_found",
    `there is no profile "${shown}": \`farrier profile list\` shows all that there are`,
  );
}

/** One version; without a number the newest. @throws {DatabaseError} `not_found`; `unavailable` */
export async function profileVersionShow(
  source: Database | Tx,
  { name, version }: { name: string; version?: number },
): Promise<SpecifiedProfileVersion> {
  const { rows } = await sql<ProfileVersionRow & { sealed_spec: Buffer }>`
    SELECT ${columns}, v.sealed_spec FROM profile_version v WHERE v.profile_name = ${name}
      AND v.version = ${
        version === undefined ? sql`(SELECT p.last_version FROM profile p WHERE p.profile_name = ${name})` : version
      }`
    .execute("kysely" in source ? source.kysely : source)
    .catch((error: unknown) => Promise.reject(translate(error)));
  const [row] = rows;
  if (row === undefined) {
    throw profileUnknown(version === undefined ? name : `${name}@${version}`);
  }
  return { ...profileOf(row), sealedSpec: row.sealed_spec };
}

/**
 * Profiles by name, each with its newest version; or all versions of one, newest first.
 * @param page `after` is the last name of the page before, `before` its last version (0 = the first page)
 * @throws {DatabaseError} `not_found` for versions of an unknown profile; `unavailable`
 */
export async function profileVersionList(
  database: Database,
  page: { limit: number } & ({ after: string } | { name: string; before: number }),
): Promise<ProfileVersionRecord[]> {
  const { rows } = await (
    "name" in page
      ? sql<ProfileVersionRow>`
          SELECT ${columns} FROM profile_version v
          WHERE v.profile_name = ${page.name} AND (${page.before} = 0 OR v.version < ${page.before})
          ORDER BY v.version DESC LIMIT ${page.limit}`
      : sql<ProfileVersionRow>`
          SELECT ${columns} FROM profile p
          JOIN profile_version v ON v.profile_name = p.profile_name AND v.version = p.last_version
          WHERE ${page.after} = '' OR p.profile_name > ${page.after}
          ORDER BY p.profile_name LIMIT ${page.limit}`
  )
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  if (rows.length === 0 && "name" in page && page.before === 0) {
    throw profileUnknown(page.name);
  }
  return rows.map((row) => profileOf(row));
}
