import { requestOfGeneration } from "../contract/request-generation.ts";
import type { Database } from "../database/connect.ts";
import { installationRetriesMake } from "../database/queries/installation/installation-retry.ts";
import type { Task } from "./task.ts";

/** Repeats failed requests that have retry budget left, once their wait is over. */
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
