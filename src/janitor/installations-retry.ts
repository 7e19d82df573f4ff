import { requestOfGeneration } from "../contract/request-generation.ts";
import type { Database } from "../database/connect.ts";
import { installationRetriesMake } from "../database/queries/installation/installation-retry.ts";
import type { Task } from "./task.ts";

/** A request that ended in error and has retry budget left is asked for again, once it has waited. */
export function installationsRetryTask(database: Database): Task {
  return {
    name: "installations-retry",
    interval: 2_000,
    run: async () => {
      const done = await installationRetriesMake(database, requestOfGeneration, 100);
      const retried = done.filter(({ generation }) => generation !== undefined).length;
      return retried === 0 ? {} : { retried };
    },
  };
}
