import type { Database } from "../database/connect.ts";
import { deadLettersTrim, webhookExpire, webhookNames } from "../database/queries/event/webhook-expire.ts";
import { webhookLeftoversDelete } from "../database/queries/event/webhook-leftovers.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Task } from "./task.ts";

/** Rows of one transaction. */
const atOnce = 1_000;

/**
 * Gives up what webhooks' receivers did not take for three days, also where a receiver is not reached and nothing is tried;
 * keeps the newest dead letters; and deletes what deleted webhooks have left.
 */
export function webhookQueuesTask(database: Database, metrics: Pick<Metrics, "webhookDeliveries">): Task {
  return {
    name: "webhook-queues",
    interval: 60_000,
    run: async () => {
      let dead = 0;
      let deleted = 0;
      for (const { webhookId, name } of await webhookNames(database)) {
        for (let count = atOnce; count === atOnce;) {
          count = await webhookExpire(database, webhookId, atOnce);
          dead += count;
          metrics.webhookDeliveries.inc({ webhook: name, outcome: "dead" }, count);
        }
        for (let count = atOnce; count === atOnce;) {
          count = await deadLettersTrim(database, webhookId, { limit: atOnce });
          deleted += count;
        }
      }
      for (let count = atOnce; count >= atOnce;) {
        count = await webhookLeftoversDelete(database, atOnce);
        deleted += count;
      }
      return { ...(dead === 0 ? {} : { dead }), ...(deleted === 0 ? {} : { deleted }) };
    },
  };
}
