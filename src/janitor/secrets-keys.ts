import type { Database } from "../database/connect.ts";
import { secretsKeysAdvance } from "../database/queries/secret/secrets-key.ts";
import type { Task } from "./task.ts";
import { defined } from "../lib/defined.ts";

/** Makes the next key of secrets current once every live process has it, and removes an old key once no row uses it. */
export function secretsKeysTask(database: Database): Task {
  return {
    name: "secrets-keys",
    interval: 2_000,
    run: async () => {
      const { promoted, retired } = await secretsKeysAdvance(database);
      return {
        ...defined({ promoted }),
        ...(retired.length === 0 ? {} : { retired }),
      };
    },
  };
}
