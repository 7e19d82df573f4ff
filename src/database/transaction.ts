import { sql, type Transaction } from "kysely";
import type { Database } from "./connect.ts";
import { DatabaseError, isRetryable, translate } from "./errors.ts";
import type { SessionId } from "./ids.ts";
import type { DB } from "./tables.ts";

/** A transaction in progress; queries take it as their argument. */
export type Tx = Transaction<DB>;

/** Maximum attempts of one transaction that PostgreSQL ends with 40001 or 40P01. */
const tries = 5;

/**
 * Runs `action` in one transaction (READ COMMITTED), and repeats it if PostgreSQL says that it may then succeed. With a
 * session, it first locks the session's row, so that the session is not deleted while it runs.
 *
 * The action must only run queries: no network work while a transaction is open.
 * @throws {DatabaseError} `session_lost` if the session was gone or past its deadline at the beginning; `unavailable`
 */
export async function transact<T>(
  database: Database,
  session: { id: SessionId } | null,
  action: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await database.kysely.transaction().execute(async (tx) => {
        if (session !== null) {
          await sessionHold(tx, session.id);
        }
        return action(tx);
      });
    } catch (error) {
      if (attempt < tries && isRetryable(error)) {
        continue;
      }
      throw translate(error);
    }
  }
}

async function sessionHold(tx: Tx, id: SessionId): Promise<void> {
  const { rows } = await sql`
    SELECT FROM sessions WHERE session_id = ${id} AND session_deadline > now() FOR KEY SHARE`.execute(tx);
  if (rows.length === 0) {
    throw new DatabaseError(
      "session_lost",
      "the session is gone or past its deadline: its work may belong to another session now",
    );
  }
}
