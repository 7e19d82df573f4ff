import type { Database } from "../database/connect.ts";
import { historyPartitionsDrop } from "../database/queries/upkeep/history-partitions.ts";
import type { Task } from "./task.ts";

/** Drops whole months of history beyond the retention time (the table `retention`; unlimited by default). */
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
