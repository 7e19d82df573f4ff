import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";
import { transact } from "../../transaction.ts";

/** A key that is lost, and the number of rows that it sealed. */
export interface SecretsKeyLost {
  keyId: string;
  credentials: number;
  requests: number;
}

/**
 * Marks every key but the held ones as lost, after a restore. Another key can then become the current one. What a lost
 * key sealed can't be opened until a process has that key again.
 * @throws {DatabaseError} `unavailable`
 */
export async function secretsKeysLose(database: Database, held: readonly string[]): Promise<SecretsKeyLost[]> {
  const { rows } = await transact(database, null, async (tx) => {
    // These rows are from processes that worked on the database before the restore.
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
