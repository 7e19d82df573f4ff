import type { Database } from "../database/connect.ts";
import { operatorCommandsForget } from "../database/queries/upkeep.ts";
import type { Task } from "./task.ts";

/** Records of operators' commands are forgotten after 30 days: until then a repeated request id finds its answer. */
export function recordsForgetTask(database: Database): Task {
  return {
    name: "records-forget",
    interval: 3_600_000,
    run: async () => {
      const forgotten = await operatorCommandsForget(database);
      return forgotten === 0 ? {} : { forgotten };
    },
  };
}
