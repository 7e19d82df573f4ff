import type { Database } from "../database/connect.ts";
import { sessionsExpire } from "../database/queries/upkeep/sessions-expire.ts";
import type { Task } from "./task.ts";

/** Deletes sessions past their deadline with their work, so that a crashed component locks nothing for ever. */
export function sessionsExpireTask(database: Database): Task {
  return {
    name: "sessions-expire",
    interval: 2_000,
    run: async () => {
      const expired = await sessionsExpire(database, 100);
      return expired.length === 0
        ? {}
        : {
            sessions: expired.map((session) => session.component),
            work: expired.reduce((sum, session) => sum + session.work.length, 0),
          };
    },
  };
}
