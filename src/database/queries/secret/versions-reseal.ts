import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** What is sealed of a version of an image (its source), or of a profile (what it says). */
export interface VersionToSeal {
  of: "image" | "profile";
  name: string;
  version: number;
  sealed: Uint8Array;
}

/** Versions in one run of the janitor. */
const most = 1_000;

/** Reads versions of images and profiles that one of the keys sealed. @throws {DatabaseError} `unavailable` */
export async function versionsToSeal(database: Database, keyIds: readonly string[]): Promise<VersionToSeal[]> {
  const keys = sql`ANY (${[...keyIds]}::text[])`;
  const { rows } = await sql<VersionToSeal>`
    SELECT 'image' AS of, image_name AS name, version, sealed_source AS sealed FROM image_version
    WHERE sealed_key(sealed_source) = ${keys}
    UNION ALL
    SELECT 'profile', profile_name, version, sealed_spec FROM profile_version WHERE sealed_key(sealed_spec) = ${keys}
    LIMIT ${most}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows;
}

/** Replaces what is sealed of a version, unless it has changed since it was read. @throws {DatabaseError} `unavailable` */
export async function versionReseal(database: Database, before: VersionToSeal, sealed: Uint8Array): Promise<boolean> {
  const { of, name, version } = before;
  const [old, now] = [Buffer.from(before.sealed), Buffer.from(sealed)];
  const { numAffectedRows } = await (
    of === "image"
      ? sql`UPDATE image_version SET sealed_source = ${now}
          WHERE image_name = ${name} AND version = ${version} AND sealed_source = ${old}`
      : sql`UPDATE profile_version SET sealed_spec = ${now}
          WHERE profile_name = ${name} AND version = ${version} AND sealed_spec = ${old}`
  )
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return numAffectedRows === 1n;
}
