import type { Database } from "../database/connect.ts";
import { historyPartitionsDrop } from "../database/queries/upkeep/upkeep.ts";
import type { Task } from "./task.ts";

/** Months of history older than are kept (the table `retention`; all, unless set) are dropped, each as a whole. */
export function historyRetentionTask(database: Database): Task {
  return {
    name: "history-retention",
    interval: 6 * 3_600_000,
    run: async () => {
      const dropped = await historyPartitionsDrop(database);
      return dropped.length === 0 ? {} : { dropped };
    },
  };
}
