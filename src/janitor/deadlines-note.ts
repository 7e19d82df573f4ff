import type { Database } from "../database/connect.ts";
import { deadlinesNote } from "../database/queries/upkeep/deadlines.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Task } from "./task.ts";

/** Machines recorded in one transaction. */
const atOnce = 200;

/** Records machines that have been in their state longer than expected: in history, in the state, and in a metric. */
export function deadlinesNoteTask(database: Database, metrics: Pick<Metrics, "deadlinesMissed">): Task {
  return {
    name: "deadlines-note",
    interval: 10_000,
    run: async () => {
      const missed: Record<string, number> = {};
      for (let noted = atOnce; noted === atOnce;) {
        const page = await deadlinesNote(database, atOnce);
        noted = page.length;
        for (const { state } of page) {
          metrics.deadlinesMissed.inc({ state });
          missed[state] = (missed[state] ?? 0) + 1;
        }
      }
      return missed;
    },
  };
}
