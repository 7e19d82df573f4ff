import type { Database } from "../database/connect.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import { cameUpSilentTask } from "./came-up-silent.ts";
import { deadlinesNoteTask } from "./deadlines-note.ts";
import { hardwareCountTask } from "./hardware-count.ts";
import { historyPartitionsTask } from "./history-partitions.ts";
import { historyRetentionTask } from "./history-retention.ts";
import { installationsRetryTask } from "./installations-retry.ts";
import { operationsEndTask } from "./operations-end.ts";
import { recordsForgetTask } from "./records-forget.ts";
import { secretsKeysTask } from "./secrets-keys.ts";
import { secretsSealTask } from "./secrets-seal.ts";
import { sessionsExpireTask } from "./sessions-expire.ts";
import { statesRefreshTask } from "./states-refresh.ts";
import type { Task } from "./task.ts";
import { webhookQueuesTask } from "./webhook-queues.ts";

/** Starts the janitor. This is the list of its tasks; any number of janitors may run on one database. */
export function janitorRun(options: {
  database: Database;
  /** Seals what is in clear and what an old key sealed. */
  secrets: KeyRing;
  log: Logger;
  clock: Clock;
  metrics: Metrics;
}): AsyncDisposable {
  const { database, secrets } = options;
  const stop = new AbortController();
  const tasks = [
    sessionsExpireTask(database),
    statesRefreshTask(database),
    cameUpSilentTask(database),
    installationsRetryTask(database, secrets),
    deadlinesNoteTask(database, options.metrics),
    operationsEndTask(database),
    recordsForgetTask(database),
    historyPartitionsTask(database),
    historyRetentionTask(database),
    hardwareCountTask(database),
    webhookQueuesTask(database, options.metrics),
    secretsKeysTask(database),
    secretsSealTask(database, secrets, options.log),
  ];
  const loops = tasks.map((task) => taskLoop(task, { ...options, signal: stop.signal }));
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the janitor is stopping"));
      await Promise.all(loops);
    },
  };
}

/**
 * Runs a task at its interval until the signal aborts. A failed run is logged and counted; the next one tries again.
 */
export async function taskLoop(
  task: Task,
  options: { log: Logger; clock: Clock; metrics: Metrics; signal: AbortSignal },
): Promise<void> {
  const { log, clock, metrics, signal } = options;
  while (!signal.aborted) {
    try {
      const done = await task.run();
      metrics.loopRuns.inc({ loop: task.name, outcome: "ok" });
      if (Object.keys(done).length > 0) {
        log.info({ task: task.name, ...done }, "the janitor tidied up");
      }
    } catch (error) {
      metrics.loopRuns.inc({ loop: task.name, outcome: "failed" });
      log.warn({ task: task.name, error: describeError(error) }, "a task of the janitor failed; it will run again");
    }
    await clock.sleep(task.interval, signal).catch(() => undefined);
  }
}
