import { imageRuleBroken } from "../contract/catalogue/image-rule.ts";
import { ruledRepeat } from "../contract/catalogue/image-ruled.ts";
import { requestAgain } from "../contract/request-again.ts";
import type { Database } from "../database/connect.ts";
import { DatabaseError } from "../database/errors.ts";
import { imageRuleList } from "../database/queries/image/image-rule.ts";
import { installationRetriesMake, type RepeatedRequest } from "../database/queries/installation/installation-retry.ts";
import { originSourceOpen } from "../secrets/image-source.ts";
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
      const rules = await imageRuleList(database);
      const reserialise = requestReserialise(secrets, requestAgain, (raw, { origin }: RepeatedRequest) => {
        const image = ruledRepeat(raw, originSourceOpen(secrets, origin));
        const problem = image === undefined ? undefined : imageRuleBroken(rules, image);
        if (problem !== undefined) {
          throw new DatabaseError("refused", problem);
        }
      });
      const done = await installationRetriesMake(database, reserialise, 100);
      const retried = done.filter(({ generation }) => generation !== undefined).length;
      return retried === 0 ? {} : { retried };
    },
  };
}
