import type { Database } from "../database/connect.ts";
import { statesRefresh } from "../database/queries/upkeep/state.ts";
import type { Task } from "./task.ts";

/**
 * Sets states that time alone changes (an agent fell silent, a backoff ended); all other changes set the state
 * themselves.
 */
export function statesRefreshTask(database: Database): Task {
  return {
    name: "states-refresh",
    interval: 5_000,
    run: async () => {
      const refreshed = await statesRefresh(database);
      return refreshed === 0 ? {} : { refreshed };
    },
  };
}
