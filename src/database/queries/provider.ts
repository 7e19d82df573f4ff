import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { translate } from "../errors.ts";

/** The names of the providers that have machines. It hops from name to name in the index, however many machines there are. */
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
