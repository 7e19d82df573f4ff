import type { Database } from "../database/connect.ts";
import { agentRefusedForget } from "../database/queries/agent/agent-refused.ts";
import { consoleForget } from "../database/queries/console/console-forget.ts";
import { deadLettersForget } from "../database/queries/event/webhook-dead-letter.ts";
import { operationsForget } from "../database/queries/controller/operations-end.ts";
import { enrollmentsForget } from "../database/queries/enrollment/enrollment-forget.ts";
import { rolloutsForget } from "../database/queries/rollout/rollout-delete.ts";
import { secretsCommandsForget } from "../database/queries/secret/secrets-command.ts";
import { operatorCommandsForget } from "../database/queries/upkeep/operator-commands-forget.ts";
import type { Task } from "./task.ts";

/** Rollouts of one transaction: each may have 10,000 machines. */
const rolloutsAtOnce = 10;

/**
 * Deletes records of operators' commands after 30 days; until then a repeated request id finds its answer. Agents that
 * asked to enrol, or were refused, are deleted a day after they were last seen; operations on controllers 30 days after
 * their end;
 * webhooks' dead letters after 30 days; of the rollouts that have ended, all but the newest 1,000; codes and sessions of the console a day after they expired.
 */
export function recordsForgetTask(database: Database): Task {
  return {
    name: "records-forget",
    interval: 3_600_000,
    run: async () => {
      const forgotten =
        (await operatorCommandsForget(database)) +
        (await secretsCommandsForget(database)) +
        (await enrollmentsForget(database)) +
        (await agentRefusedForget(database)) +
        (await operationsForget(database)) +
        (await deadLettersForget(database)) +
        (await consoleForget(database)) +
        (await rolloutsForgetAll(database));
      return forgotten === 0 ? {} : { forgotten };
    },
  };
}

async function rolloutsForgetAll(database: Database): Promise<number> {
  let forgotten = 0;
  for (let count = rolloutsAtOnce; count === rolloutsAtOnce;) {
    count = await rolloutsForget(database, { limit: rolloutsAtOnce });
    forgotten += count;
  }
  return forgotten;
}
