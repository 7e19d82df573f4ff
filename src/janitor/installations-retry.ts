import { requestAgain } from "../contract/request-again.ts";
import type { Database } from "../database/connect.ts";
import { installationRetriesMake } from "../database/queries/installation/installation-retry.ts";
import { requestReserialise } from "../secrets/installation-request.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import type { Task } from "./task.ts";

/** Repeats failed requests that have retry budget left, once their wait is over. */
export function installationsRetryTask(database: Database, secrets: KeyRing): Task {
  return {
    name: "installations-retry",
    interval: 2_000,
    run: async () => {
      if (secrets.problem() !== undefined) {
        // A janitor that has the keys does it.
        return {};
      }
      const done = await installationRetriesMake(database, requestReserialise(secrets, requestAgain), 100);
      const retried = done.filter(({ generation }) => generation !== undefined).length;
      return retried === 0 ? {} : { retried };
    },
  };
}
