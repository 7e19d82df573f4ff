import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/**
 * The names of the providers that have machines. The query skips from name to name in the index, however many machines
 * there are.
 */
export async function providerNames(database: Database): Promise<string[]> {
  const { rows } = await sql<{ provider: string }>`
    WITH RECURSIVE name AS (
      (SELECT provider FROM machine_provided ORDER BY provider LIMIT 1)
      UNION ALL
      SELECT (SELECT p.provider FROM machine_provided p WHERE p.provider > name.provider ORDER BY p.provider LIMIT 1)
      FROM name WHERE name.provider IS NOT NULL
    )
    SELECT provider FROM name WHERE provider IS NOT NULL`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => row.provider);
}

/**
 * Records a provider's abilities, and the result of the last listing: `unreachable` is why it failed.
 * @throws {DatabaseError} `unavailable`
 */
export async function providerNote(
  database: Database,
  provider: string,
  {
    power,
    autostart,
    listed,
    unreachable,
  }: { power: boolean; autostart: boolean; listed: boolean; unreachable?: string },
): Promise<void> {
  await sql`
    INSERT INTO provider AS p (provider, power, autostart, listed_at, unreachable_since, unreachable_cause)
    VALUES (
      ${provider}, ${power}, ${autostart}, CASE WHEN ${listed} THEN now() END,
      CASE WHEN ${unreachable ?? null}::text IS NOT NULL THEN now() END, ${unreachable ?? null}
    )
    ON CONFLICT (provider) DO UPDATE SET
      power = excluded.power, autostart = excluded.autostart, listed_at = coalesce(excluded.listed_at, p.listed_at),
      unreachable_since = CASE WHEN excluded.unreachable_cause IS NOT NULL
        THEN coalesce(p.unreachable_since, excluded.unreachable_since) END,
      unreachable_cause = excluded.unreachable_cause`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
