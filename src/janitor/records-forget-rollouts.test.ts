import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { testFleet } from "../../test/support/fleet.ts";
import { rolloutsEndedMost, rolloutsForget } from "../database/queries/rollout/rollout-delete.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";
import { rolloutValuesPlace } from "../secrets/rollout-values.ts";
import { recordsForgetTask } from "./records-forget.ts";

test("of the rollouts that have ended the newest are kept; a paused or ending rollout is never deleted", async () => {
  await using fleet = await testFleet();
  const sealed = Buffer.from(testKeyRing().seal(rolloutValuesPlace("any"), randomBytes(8)));
  const add = (prefix: string, state: string, ended: string, count: number) =>
    fleet.rows(
      `INSERT INTO rollout (rollout_name, profile_name, profile_version, sealed_values, waves, parallel, created_by, state,
         started_at, ended_at)
       SELECT $1 || n, 'web', 1, $2, '{0}', 1, 'tester', $3, now(), CASE WHEN $4 <> '' THEN now() - $4::interval END
       FROM generate_series(1, $5::integer) n`,
      ...[prefix, sealed, state, ended, count],
    );
  const names = async () => {
    const rows = await fleet.rows<{ name: string }>("SELECT rollout_name AS name FROM rollout ORDER BY 1");
    return rows.map(({ name }) => name);
  };
  await add("old-", "done", "9 days", 25);
  await add("let-go-", "cancelled", "8 days", 3);
  await add("ending-", "cancelled", "", 2);
  await add("paused-", "paused", "", 2);
  await add("new-", "done", "1 hour", 2);
  expect(await rolloutsForget(fleet.database, { most: 4, limit: 3 })).toBe(3);
  expect(await names()).toHaveLength(31);
  expect(await rolloutsForget(fleet.database, { most: 4, limit: 100 })).toBe(23);
  const left = ["ending-1", "ending-2", "let-go-2", "let-go-3", "new-1", "new-2", "paused-1", "paused-2"];
  expect(await names()).toEqual(left);
  await add("more-", "done", "1 minute", rolloutsEndedMost + 11);
  expect(await recordsForgetTask(fleet.database).run()).toEqual({ forgotten: 15 });
  expect(await names()).toHaveLength(rolloutsEndedMost + 4);
});
