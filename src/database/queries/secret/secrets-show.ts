import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** The number of rows that a key sealed. */
export interface SecretsKeyUse {
  requests: number;
  credentials: number;
  images: number;
  profiles: number;
  rollouts: number;
  webhooks: number;
}

/** The number of rows that each key sealed, and of rows in clear text. */
export interface SecretsUse {
  /** By the key's id. */
  byKey: ReadonlyMap<string, SecretsKeyUse>;
  clearRequests: number;
}

/** Maximum number of rows that are counted. */
const countLimit = 100_000;

/** Counts the rows, by the indexes on the keys. @throws {DatabaseError} `unavailable` */
export async function secretsUse(database: Database): Promise<SecretsUse> {
  const { rows } = await sql<SecretsKeyUse & { key_id: string | null }>`
    SELECT k.key_id,
      (SELECT count(*)::integer FROM (
        SELECT FROM machine_os_installation_request q
        WHERE sealed_key(q.os_installation_request_raw) = k.key_id LIMIT ${countLimit}
      ) r) AS requests,
      (SELECT count(*)::integer FROM credential c WHERE sealed_key(c.sealed_secret) = k.key_id) AS credentials,
      (SELECT count(*)::integer FROM (
        SELECT FROM image_version v WHERE sealed_key(v.sealed_source) = k.key_id LIMIT ${countLimit}
      ) i) AS images,
      (SELECT count(*)::integer FROM (
        SELECT FROM profile_version v WHERE sealed_key(v.sealed_spec) = k.key_id LIMIT ${countLimit}
      ) p) AS profiles,
      (SELECT count(*)::integer FROM (
        SELECT FROM rollout o WHERE sealed_key(o.sealed_values) = k.key_id LIMIT ${countLimit}
      ) o) AS rollouts,
      (SELECT count(*)::integer FROM webhook w WHERE sealed_key(w.sealed_target) = k.key_id) AS webhooks
    FROM secrets_key k
    UNION ALL
    SELECT NULL, (SELECT count(*)::integer FROM (
      SELECT FROM machine_os_installation_request q
      WHERE sealed_key(q.os_installation_request_raw) IS NULL LIMIT ${countLimit}
    ) r), 0, 0, 0, 0, 0`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return {
    byKey: new Map(rows.flatMap(({ key_id: keyId, ...counts }) => (keyId === null ? [] : [[keyId, counts] as const]))),
    clearRequests: rows.find(({ key_id: keyId }) => keyId === null)?.requests ?? 0,
  };
}
