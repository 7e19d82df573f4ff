import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { SessionId } from "../../ids.ts";

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
 * The names of the providers that another live session is configured with: its shepherd works on their machines.
 * @throws {DatabaseError} `unavailable`
 */
export async function providersElsewhere(database: Database, session: SessionId): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ provider: string }>`
    SELECT DISTINCT p.provider FROM session_provider p JOIN sessions s ON s.session_id = p.session_id
    WHERE p.session_id <> ${session} AND s.session_deadline > now()`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return new Set(rows.map(({ provider }) => provider));
}

/** What came of listing a provider. */
export type ListingNote =
  | { machines: number; problems: readonly string[] }
  /** Why it could not be listed. */
  | { unreachable: string };

/**
 * Records what came of listing a provider.
 * @throws {DatabaseError} `unavailable`
 */
export async function providerNote(
  database: Database,
  { name, power }: { name: string; power: boolean },
  note: ListingNote,
): Promise<void> {
  const unreachable = "unreachable" in note ? note.unreachable.replaceAll("\0", "") : null;
  const listed = "unreachable" in note ? undefined : note;
  const problems = listed === undefined ? null : listed.problems.map((text) => text.replaceAll("\0", ""));
  await sql`
    INSERT INTO provider AS p (provider, power, listed_at, machines_listed, problems, unreachable_since, unreachable_cause)
    VALUES (
      ${name}, ${power}, CASE WHEN ${unreachable}::text IS NULL THEN now() END, ${listed?.machines ?? null},
      coalesce(${problems}::text[], '{}'), CASE WHEN ${unreachable}::text IS NOT NULL THEN now() END, ${unreachable}
    )
    ON CONFLICT (provider) DO UPDATE SET
      power = excluded.power, listed_at = coalesce(excluded.listed_at, p.listed_at),
      machines_listed = coalesce(excluded.machines_listed, p.machines_listed),
      problems = coalesce(${problems}::text[], p.problems),
      unreachable_since = CASE WHEN excluded.unreachable_cause IS NOT NULL
        THEN coalesce(p.unreachable_since, excluded.unreachable_since) END,
      unreachable_cause = excluded.unreachable_cause`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}

/** Records that a provider was listed, and that its list is the one before. @throws {DatabaseError} `unavailable` */
export async function providerSeen(database: Database, provider: string): Promise<void> {
  await sql`UPDATE provider SET listed_at = now(), unreachable_since = NULL, unreachable_cause = NULL WHERE provider = ${provider}`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
