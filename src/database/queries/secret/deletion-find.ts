import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import type { SecretsCommandAnswer } from "./secrets-command.ts";

/** What the record of a deletion says, by which {@link deletionFind} finds it. */
export const deletionAnswer = (deleted: string, by: string): SecretsCommandAnswer => ({ deleted, by });

/**
 * Who deleted what one of these names named, and when, by the latest such command of the last 30 days.
 * @throws {DatabaseError} `unavailable`
 */
export async function deletionFind(
  database: Database,
  { command, names }: { command: string; names: readonly string[] },
): Promise<{ at: Date; by: string } | undefined> {
  const { rows } = await sql<{ at: Date; by: string }>`
    SELECT carried_out_at AS at, answer ->> 'by' AS by FROM secrets_command
    WHERE command = ${command} AND answer ->> 'deleted' = ANY (${[...names]}::text[]) AND answer ? 'by'
    ORDER BY carried_out_at DESC LIMIT 1`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
  return rows[0];
}
