import type { Database } from "../database/connect.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import { readOnlyText } from "../database/errors.ts";
import { describeError } from "../lib/errors.ts";

/** Whether a server is ready, or why not. */
export type Readiness = { ready: true } | { ready: false; reason: string };

/** What answers /readyz: there is a session and the database answers. However many ask at once, the database is asked once. */
export function readiness(options: { sessions: SessionHolder; database: Database }): () => Promise<Readiness> {
  const { sessions, database } = options;
  let asking: Promise<Readiness> | undefined;
  async function ask(): Promise<Readiness> {
    try {
      const { rows } = await database.pool.query<{ transaction_read_only: string }>("SHOW transaction_read_only");
      return rows[0]?.transaction_read_only === "on" ? { ready: false, reason: readOnlyText } : { ready: true };
    } catch (error) {
      // The session outlives a short absence.
      return { ready: false, reason: `the database does not answer (${describeError(error)})` };
    }
  }
  return async () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    const found = await asking;
    return found.ready && sessions.current() === undefined
      ? { ready: false, reason: "no session: the database was away, and the next session is not there yet" }
      : found;
  };
}
