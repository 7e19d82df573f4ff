import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/**
 * What is sealed of a version of an image (its source), of a profile (what it says), of a rollout (its values), or of a
 * webhook (its target).
 */
export interface VersionToSeal {
  of: "image" | "profile" | "rollout" | "webhook";
  /** Of a webhook: its id. */
  name: string;
  /** 0 for rollouts and webhooks, which have no versions. */
  version: number;
  /** For people: NAME@VERSION, or the name of a rollout or a webhook. */
  title: string;
  sealed: Uint8Array;
}

/** Which version it is. */
export type VersionOf = Omit<VersionToSeal, "sealed" | "title">;

/**
 * Reads up to `limit` versions of images and profiles, rollouts and webhooks that one of the keys sealed, except those of `leftOut`.
 * @throws {DatabaseError} `unavailable`
 */
export async function versionsToSeal(
  database: Database,
  page: { keyIds: readonly string[]; leftOut: readonly VersionOf[]; limit: number },
): Promise<VersionToSeal[]> {
  const keys = sql`ANY (${[...page.keyIds]}::text[])`;
  const isLeftOut = (of: VersionToSeal["of"], name: string) => {
    const left = page.leftOut.filter((one) => one.of === of);
    return sql`EXISTS (
      SELECT FROM unnest(${left.map((one) => one.name)}::text[], ${left.map(({ version }) => version)}::integer[]) l (name, version)
      WHERE l.name = v.${sql.ref(name)} AND l.version = v.version)`;
  };
  const { rows } = await sql<VersionToSeal>`
    SELECT 'image' AS of, v.image_name AS name, v.version, v.image_name || '@' || v.version AS title,
      v.sealed_source AS sealed FROM image_version v
    WHERE sealed_key(v.sealed_source) = ${keys} AND NOT ${isLeftOut("image", "image_name")}
    UNION ALL
    SELECT 'profile', v.profile_name, v.version, v.profile_name || '@' || v.version, v.sealed_spec FROM profile_version v
    WHERE sealed_key(v.sealed_spec) = ${keys} AND NOT ${isLeftOut("profile", "profile_name")}
    UNION ALL
    SELECT 'rollout', v.rollout_name, 0, v.rollout_name, v.sealed_values FROM rollout v
    WHERE sealed_key(v.sealed_values) = ${keys} AND NOT (
      v.rollout_name = ANY (${page.leftOut.filter(({ of }) => of === "rollout").map(({ name }) => name)}::text[])
    )
    UNION ALL
    SELECT 'webhook', w.webhook_id::text, 0, w.webhook_name, w.sealed_target FROM webhook w
    WHERE sealed_key(w.sealed_target) = ${keys} AND NOT (
      w.webhook_id = ANY (${page.leftOut.filter(({ of }) => of === "webhook").map(({ name }) => name)}::uuid[])
    )
    LIMIT ${page.limit}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows;
}

/**
 * Replaces what is sealed of versions, unless it has changed since it was read. Returns the number of replaced ones.
 * @throws {DatabaseError} `unavailable`
 */
export async function versionsReseal(
  database: Database,
  versions: readonly (VersionToSeal & { anew: Uint8Array })[],
): Promise<number> {
  const listed = (of: VersionToSeal["of"]) => {
    const those = versions.filter((one) => one.of === of);
    return sql`unnest(
      ${those.map(({ name }) => name)}::text[], ${those.map(({ version }) => version)}::integer[],
      ${those.map(({ sealed }) => Buffer.from(sealed))}::bytea[], ${those.map(({ anew }) => Buffer.from(anew))}::bytea[]
    ) n (name, version, sealed, anew)`;
  };
  const { rows } = await sql`
    WITH images AS (
      UPDATE image_version v SET sealed_source = n.anew FROM ${listed("image")}
      WHERE v.image_name = n.name AND v.version = n.version AND v.sealed_source = n.sealed RETURNING 1
    ), profiles AS (
      UPDATE profile_version v SET sealed_spec = n.anew FROM ${listed("profile")}
      WHERE v.profile_name = n.name AND v.version = n.version AND v.sealed_spec = n.sealed RETURNING 1
    ), rollouts AS (
      UPDATE rollout v SET sealed_values = n.anew FROM ${listed("rollout")}
      WHERE v.rollout_name = n.name AND v.sealed_values = n.sealed RETURNING 1
    ), webhooks AS (
      UPDATE webhook w SET sealed_target = n.anew FROM ${listed("webhook")}
      WHERE w.webhook_id = n.name::uuid AND w.sealed_target = n.sealed RETURNING 1
    ) SELECT FROM images UNION ALL SELECT FROM profiles UNION ALL SELECT FROM rollouts UNION ALL SELECT FROM webhooks`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.length;
}
