import type { Database } from "../database/connect.ts";
import { historyMonthsAhead } from "../database/migrate.ts";
import { historyPartitionsEnsure } from "../database/queries/upkeep/history-partitions.ts";
import type { Task } from "./task.ts";

/** Makes the history partitions of the coming months before their first entry. */
export function historyPartitionsTask(database: Database): Task {
  return {
    name: "history-partitions",
    interval: 6 * 3_600_000,
    run: async () => {
      const made = await historyPartitionsEnsure(database, historyMonthsAhead);
      return made === 0 ? {} : { made };
    },
  };
}
