import { randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { beforeAll, afterAll, expect, test } from "vitest";
import { heldConnection, operator, testFleet, type Fleet } from "../support/fleet.ts";
import { testKeyRing } from "../../src/secrets/testing/key-ring.ts";
import { rolloutValuesPlace } from "../../src/secrets/rollout-values.ts";
import { requestId } from "../../src/database/ids.ts";
import { machineDelete } from "../../src/database/queries/machine/machine-delete.ts";
import { rolloutCounts, rolloutMachineStates } from "../../src/database/queries/rollout/rollout-counts.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());

/** A rollout with its machines in two waves, as SQL has it; returns its number. */
async function rolloutOf(machines: number): Promise<number> {
  const sealed = Buffer.from(testKeyRing().seal(rolloutValuesPlace("any"), randomBytes(8)));
  const [row] = await fleet.rows<{ number: number }>(
    `INSERT INTO rollout (rollout_name, profile_name, profile_version, sealed_values, waves, parallel, created_by)
     VALUES ($1, 'web', 1, $2, '{1,0}', 1, 'tester') RETURNING rollout_number AS number`,
    ...[randomUUID(), sealed],
  );
  const number = row?.number ?? 0;
  await fleet.rows(
    `INSERT INTO rollout_machine (machine_id, rollout_number, wave, position, seen_generation, seen_labels, refused)
     SELECT machine_id, $1, CASE WHEN p = 1 THEN 1 ELSE 2 END, p, 0, '', CASE WHEN p % 3 = 0 THEN 'no disk' END
     FROM (SELECT machine_id, row_number() OVER (ORDER BY machine_id) AS p FROM machines) m WHERE p <= $2`,
    ...[number, machines],
  );
  return number;
}

const counted = (number: number) =>
  fleet.rows(
    `SELECT rollout_number AS rollout, wave, state, count(*)::integer AS machines, count(refused)::integer AS refused
     FROM rollout_machine WHERE rollout_number = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    number,
  );
const kept = async (number: number) =>
  (await rolloutCounts(fleet.database, [number])).toSorted(
    (one, next) => one.wave - next.wave || (one.state < next.state ? -1 : 1),
  );
const deleted = (machine: { machineId: Parameters<typeof machineDelete>[1]["machineId"] }) =>
  machineDelete(fleet.database, {
    ...{ machineId: machine.machineId, requestId: requestId(randomUUID()), command: "machine_delete" },
    ...{ bodyDigest: randomBytes(32), actor: operator },
  });

test("the counts that are kept are those of the machines, whatever is done to them", async () => {
  for (let index = 0; index < 12; index += 1) {
    await fleet.add({ agent: false });
  }
  const position = fc.integer({ min: 1, max: 12 });
  const state = fc.constantFrom(...rolloutMachineStates);
  const change = fc.oneof(
    fc.record({ sql: fc.constant("SET state = $2 WHERE position >= $3"), values: fc.tuple(state, position) }),
    fc.record({
      sql: fc.constant("SET state = $2, refused = NULL WHERE position = $3"),
      values: fc.tuple(state, position),
    }),
    fc.record({
      sql: fc.constant("SET wave = $2, attempt = attempt + 1 WHERE position <= $3"),
      values: fc.tuple(position, position),
    }),
    fc.record({ sql: fc.constant("delete"), values: fc.tuple(position, position) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
      const number = await rolloutOf(12);
      expect(await kept(number)).toEqual(await counted(number));
      for (const { sql, values } of changes) {
        await (sql === "delete"
          ? fleet.rows(
              "DELETE FROM rollout_machine WHERE rollout_number = $1 AND position BETWEEN $2 AND $3",
              number,
              ...values,
            )
          : fleet.rows(`UPDATE rollout_machine ${sql} AND rollout_number = $1`, number, ...values));
        expect(await kept(number)).toEqual(await counted(number));
      }
      await fleet.rows("DELETE FROM rollout WHERE rollout_number = $1", number);
      expect(await fleet.rows("SELECT FROM rollout_count")).toEqual([]);
    }),
    { numRuns: 15 },
  );
});

test("counting reads no machine, and a machine's deletion does not wait for its rollout", async () => {
  const [one, other] = [await fleet.add({ agent: false }), await fleet.add({ agent: false })];
  const number = await rolloutOf(1_000);
  await using rollout = await heldConnection(fleet.test);
  await rollout.query("BEGIN");
  await rollout.query("SELECT FROM rollout WHERE rollout_number = $1 FOR NO KEY UPDATE", [number]);
  await rollout.query("UPDATE rollout_machine SET state = 'waiting' WHERE rollout_number = $1 AND machine_id = $2", [
    ...[number, one.machineId],
  ]);
  await deleted(other);
  await rollout.query("COMMIT");
  expect(await kept(number)).toEqual(await counted(number));
  await rollout.query("BEGIN");
  await rollout.query("LOCK TABLE rollout_machine IN ACCESS EXCLUSIVE MODE");
  const counts = await rolloutCounts(fleet.database, [number]);
  await rollout.query("ROLLBACK");
  expect(counts.find(({ state }) => state === "waiting")).toMatchObject({ machines: 1 });
});
