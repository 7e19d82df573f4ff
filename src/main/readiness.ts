import type { Database } from "../database/connect.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import { describeError } from "../lib/errors.ts";

/** Whether a server is ready, or why not. */
export type Readiness = { ready: true } | { ready: false; reason: string };

/** What answers /readyz: there is a session and the database answers. However many ask at once, the database is asked once. */
export function readiness(options: { sessions: SessionHolder; database: Database }): () => Promise<Readiness> {
  const { sessions, database } = options;
  let asking: Promise<Readiness> | undefined;
  async function ask(): Promise<Readiness> {
    try {
      await database.pool.query("SELECT 1");
      return { ready: true };
    } catch (error) {
      // The session outlives a short absence.
      return { ready: false, reason: `the database does not answer (${describeError(error)})` };
    }
  }
  return async () => {
    if (sessions.current() === undefined) {
      return { ready: false, reason: "no session: the database is away" };
    }
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}
