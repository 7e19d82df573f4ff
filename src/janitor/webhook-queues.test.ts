import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { testFleet, type Fleet } from "../../test/support/fleet.ts";
import { requestId } from "../database/ids.ts";
import { webhookAdd, webhookDelete, webhookShow } from "../database/queries/event/webhook.ts";
import { deadLetterList } from "../database/queries/event/webhook-dead-letter.ts";
import { deadLettersTrim } from "../database/queries/event/webhook-expire.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";
import { webhookPlace } from "../secrets/webhook-target.ts";
import { webhookQueuesTask } from "./webhook-queues.ts";

const secrets = testKeyRing();
const command = (name: string) => ({
  ...{ requestId: requestId(randomUUID()), command: name, bodyDigests: [Buffer.alloc(32, name)] },
});

async function added(fleet: Fleet, name: string): Promise<string> {
  const webhookId = randomUUID();
  await webhookAdd(fleet.database, {
    ...{
      ...command("webhook_add"),
      webhookId,
      name,
      shownUrl: "https://receiver.test/",
      events: [],
      createdBy: "tester",
    },
    sealedTarget: secrets.seal(webhookPlace(webhookId), Buffer.from("{}")),
    privateAllowed: false,
  });
  return webhookId;
}

/** Lets events of one machine each wait, since this time ago; returns the number of lines. */
const queue = (fleet: Fleet, webhookId: string, since: string, count: number) =>
  fleet.rows(
    `WITH queued AS (
       INSERT INTO webhook_delivery (webhook_id, machine_id, event_id, event_at, queued_at)
       SELECT $1, gen_random_uuid(), 1000000 + (SELECT count(*) FROM webhook_delivery) + n, now(), now() - $2::interval
       FROM generate_series(1, $3::integer) n RETURNING webhook_id, machine_id
     )
     INSERT INTO webhook_line (webhook_id, machine_id) SELECT webhook_id, machine_id FROM queued`,
    ...[webhookId, since, count],
  );

test("events that waited for three days are given up without a try, in batches, and the alert's metric counts them", async () => {
  await using fleet = await testFleet();
  const metrics = createMetrics();
  const task = webhookQueuesTask(fleet.database, metrics);
  expect(await task.run()).toEqual({});
  const [down, up] = [await added(fleet, "down"), await added(fleet, "up")];
  await queue(fleet, down, "73 hours", 2_500);
  await queue(fleet, down, "71 hours", 2);
  await queue(fleet, up, "1 hour", 3);
  // One machine whose first event was tried, with another one behind that is not late.
  const machine = await fleet.add();
  await fleet.request(machine);
  await fleet.rows(
    `INSERT INTO webhook_delivery (webhook_id, machine_id, event_id, event_at, queued_at)
     SELECT $1, h.machine_id, h.id, h.at, now() - CASE h.event WHEN 'machine_added' THEN interval '80 hours' ELSE '1 hour' END
     FROM history h WHERE h.machine_id = $2`,
    ...[down, machine.machineId],
  );
  await fleet.rows(
    "INSERT INTO webhook_line (webhook_id, machine_id, attempts, failure) VALUES ($1, $2, 7, 'no route to host')",
    ...[down, machine.machineId],
  );
  expect(await task.run()).toEqual({ dead: 2_501 });
  expect(await metrics.registry.metrics()).toContain(
    'farrier_webhook_deliveries_total{webhook="down",outcome="dead"} 2501',
  );
  expect(await webhookShow(fleet.database, "down")).toMatchObject({ waiting: 4, deadLetters: 2_501 });
  expect(await webhookShow(fleet.database, "up")).toMatchObject({ waiting: 3, deadLetters: 0 });
  const letters = await deadLetterList(fleet.database, "down", { limit: 3_000, after: 0n });
  expect(letters.find(({ machineId }) => machineId === machine.machineId)).toMatchObject({
    ...{ event: "machine_added", attempts: 7, failure: "no route to host" },
  });
  expect(letters.find(({ machineId }) => machineId !== machine.machineId)).toMatchObject({
    ...{ event: "unknown", attempts: 0, failure: "it was not sent within three days" },
  });
  // Lines that have nothing left are gone; the machine's next event has no tries yet.
  const lines = await fleet.rows("SELECT machine_id, attempts FROM webhook_line WHERE webhook_id = $1", down);
  expect(lines).toHaveLength(3);
  expect(lines).toContainEqual({ machine_id: machine.machineId, attempts: 0 });
  expect(await task.run()).toEqual({});
});

test("of a webhook's dead letters the newest are kept", async () => {
  await using fleet = await testFleet();
  const webhookId = await added(fleet, "down");
  await fleet.rows(
    `INSERT INTO webhook_dead_letter (webhook_id, event_id, event_at, machine_id, event, attempts, failure)
     SELECT $1, n, now(), gen_random_uuid(), 'machine_added', 1, 'down' FROM generate_series(1, 10) n`,
    webhookId,
  );
  expect(await deadLettersTrim(fleet.database, webhookId, { most: 10, limit: 100 })).toBe(0);
  expect(await deadLettersTrim(fleet.database, webhookId, { most: 4, limit: 5 })).toBe(5);
  expect(await deadLettersTrim(fleet.database, webhookId, { most: 4, limit: 5 })).toBe(1);
  const letters = await deadLetterList(fleet.database, "down", { limit: 100, after: 0n });
  expect(letters.map(({ eventId }) => eventId)).toEqual([7n, 8n, 9n, 10n]);
});

test("a webhook is deleted at once, whatever waits for it; that is deleted in batches", async () => {
  await using fleet = await testFleet();
  const [gone, kept] = [await added(fleet, "gone"), await added(fleet, "kept")];
  await queue(fleet, gone, "1 hour", 2_500);
  await queue(fleet, kept, "1 hour", 2);
  await fleet.rows(
    `INSERT INTO webhook_dead_letter (webhook_id, event_id, event_at, machine_id, event, attempts, failure)
     SELECT webhook_id, 1, now(), gen_random_uuid(), 'machine_added', 1, 'down' FROM webhook`,
  );
  const waiting = () => fleet.rows<{ count: number }>("SELECT count(*)::int AS count FROM webhook_delivery");
  await webhookDelete(fleet.database, { ...command("webhook_delete"), name: "gone", deletedBy: "test" });
  expect(await waiting()).toEqual([{ count: 2_502 }]);
  const task = webhookQueuesTask(fleet.database, createMetrics());
  expect(await task.run()).toEqual({ deleted: 5_001 });
  expect(await waiting()).toEqual([{ count: 2 }]);
  expect(await webhookShow(fleet.database, "kept")).toMatchObject({ waiting: 2, deadLetters: 1 });
  expect(await fleet.rows("SELECT FROM webhook_line")).toHaveLength(2);
});
