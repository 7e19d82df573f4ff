import type { Database } from "../../database/connect.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import { databaseTrouble } from "../../database/connection/database-trouble.ts";
import { readOnlyText } from "../../database/errors.ts";
import { describeError } from "../../lib/errors.ts";

/** Whether a server is ready, or why not. */
export type Readiness = { ready: true } | { ready: false; reason: string };

/**
 * The check behind /readyz: there is a session, the database answers, and this process can open sealed secrets.
 * Concurrent requests share one query.
 */
export function readiness(options: {
  sessions: SessionHolder;
  database: Database;
  secrets: Pick<KeyRing, "problem">;
}): () => Promise<Readiness> {
  const { sessions, database, secrets } = options;
  let asking: Promise<Readiness> | undefined;
  async function ask(): Promise<Readiness> {
    try {
      const { rows } = await database.pool.query<{ transaction_read_only: string }>("SHOW transaction_read_only");
      return rows[0]?.transaction_read_only === "on" ? { ready: false, reason: readOnlyText } : { ready: true };
    } catch (error) {
      // The session outlives a short outage of the database, so it does not prove that the database answers.
      const trouble = databaseTrouble(error)?.text;
      return { ready: false, reason: trouble ?? `the database does not answer (${describeError(error)})` };
    }
  }
  return async () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    const found = await asking;
    if (!found.ready) {
      return found;
    }
    const reason =
      sessions.current() === undefined
        ? "no session: the database was unreachable, and the next session is not open yet"
        : secrets.problem();
    return reason === undefined ? found : { ready: false, reason };
  };
}
