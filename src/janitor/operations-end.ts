import type { Database } from "../database/connect.ts";
import { operationsEnd } from "../database/queries/controller/operations-end.ts";
import type { Task } from "./task.ts";

/** Ends operations on controllers that no shepherd took in time, or that a lost shepherd may have sent. */
export function operationsEndTask(database: Database): Task {
  return {
    name: "operations-end",
    interval: 10_000,
    run: async () => {
      const ended = await operationsEnd(database.kysely);
      return ended === 0 ? {} : { ended };
    },
  };
}
