import type { Database } from "../database/connect.ts";
import { cameUpSilentNote } from "../database/queries/came-up/came-up-silent.ts";
import type { Task } from "./task.ts";

/** Machines noted in one transaction. */
const atOnce = 200;

/** Notes the installed systems that did not report in time that they came up. */
export function cameUpSilentTask(database: Database): Task {
  return {
    name: "came-up-silent",
    interval: 5_000,
    run: async () => {
      let silent = 0;
      for (let noted = atOnce; noted === atOnce;) {
        noted = (await cameUpSilentNote(database, atOnce)).length;
        silent += noted;
      }
      return silent === 0 ? {} : { silent };
    },
  };
}
