import { expect, test } from "vitest";
import { testFleet, type Fleet } from "../../test/support/fleet.ts";
import { historyRetentionTask } from "./history-retention.ts";

/** A month's partition, `months` months ago, with an entry in it. */
async function monthAgo(fleet: Fleet, months: number): Promise<string> {
  const [row] = await fleet.rows<{ name: string; starts: string; ends: string }>(
    `SELECT 'history_' || to_char(starts, 'YYYY_MM') AS name, starts::text || '+00' AS starts,
       (starts + interval '1 month')::text || '+00' AS ends
     FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => $1) AS starts) t`,
    months,
  );
  const { name, starts, ends } = row ?? { name: "", starts: "", ends: "" };
  await fleet.rows(`CREATE TABLE ${name} PARTITION OF history FOR VALUES FROM ('${starts}') TO ('${ends}')`);
  await fleet.rows(
    `INSERT INTO history (at, machine_id, actor_kind, actor, event)
     VALUES ('${starts}', gen_random_uuid(), 'system', 'test', 'machine_added')`,
  );
  return name;
}

test("history is kept for ever, unless a number of months is set: then older ones go as a whole", async () => {
  await using fleet = await testFleet();
  const task = historyRetentionTask(fleet.database);
  const [three, two, one] = [await monthAgo(fleet, 3), await monthAgo(fleet, 2), await monthAgo(fleet, 1)];
  expect(await task.run()).toEqual({});
  await fleet.rows("UPDATE retention SET history_months = 2");
  expect(await task.run()).toEqual({ dropped: [three] });
  expect(await task.run()).toEqual({});
  const rows = await fleet.rows<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'history'::regclass",
  );
  const names = rows.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([two, one, "history_default"]));
  expect(names).not.toContain(three);
});
