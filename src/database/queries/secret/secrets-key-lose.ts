import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { transact } from "../../transaction.ts";

/** A key that nobody has any more, and the number of rows that it sealed. */
export interface SecretsKeyLost {
  keyId: string;
  credentials: number;
  requests: number;
}

/**
 * Notes after a restore that every key but the held ones is lost: another one takes its place, and what the lost ones sealed
 * does not open until somebody has them again.
 * @throws {DatabaseError} `unavailable`
 */
export async function secretsKeysLose(database: Database, held: readonly string[]): Promise<SecretsKeyLost[]> {
  const { rows } = await transact(database, null, async (tx) => {
    // Of processes that worked on another database.
    await tx.deleteFrom("session_secrets_key").execute();
    return sql<{ key_id: string; credentials: number; requests: number }>`
      UPDATE secrets_key k SET state = 'lost', state_since = now()
      WHERE k.state IN ('next', 'current', 'old') AND k.key_id <> ALL (${[...held]}::text[])
      RETURNING k.key_id,
        (SELECT count(*)::integer FROM credential c WHERE sealed_key(c.sealed_secret) = k.key_id) AS credentials,
        (
          SELECT count(*)::integer FROM machine_os_installation_request q
          WHERE sealed_key(q.os_installation_request_raw) = k.key_id
        ) AS requests`.execute(tx);
  }).catch((error: unknown) => Promise.reject(translate(error)));
  return rows.map((row) => ({ keyId: row.key_id, credentials: row.credentials, requests: row.requests }));
}
