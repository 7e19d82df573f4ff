import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  command as commandOf,
  operator,
  silent,
  testFleet,
  type Fleet,
  type TestMachine,
} from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { requestId } from "../database/ids.ts";
import { eventPage, eventsStart } from "../database/queries/event/event-page.ts";
import { webhookAdd, webhookDelete, webhookShow } from "../database/queries/event/webhook.ts";
import { deadLetterList, deadLettersRedeliver } from "../database/queries/event/webhook-dead-letter.ts";
import { machineDelete } from "../database/queries/machine/machine-delete.ts";
import { sessionHold } from "../database/session-holder.ts";
import { systemClock, type Clock } from "../lib/clock.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { SecretsError } from "../secrets/errors.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";
import { webhookPlace } from "../secrets/webhook-target.ts";
import { testReceiver, type TestReceiver } from "./testing/webhook-receiver-server.ts";
import { webhooksRun, type WebhooksRunOptions } from "./webhooks-run.ts";

let fleet: Fleet;
let receiver: TestReceiver;
const secrets = testKeyRing();
const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
/** Waits of this process pass at once; those in the database do not. */
const hurried: Clock = {
  monotonic: () => systemClock.monotonic(),
  sleep: (milliseconds, signal) => systemClock.sleep(Math.min(milliseconds, 10), signal),
};
beforeAll(async () => {
  fleet = await testFleet();
});
afterAll(() => fleet[Symbol.asyncDispose]());
const running: AsyncDisposable[] = [];
afterEach(async () => {
  for (const table of ["webhook", "webhook_line", "webhook_delivery", "webhook_dead_letter"]) {
    await fleet.rows(`DELETE FROM ${table}`);
  }
  for (const one of running.splice(0).toReversed()) {
    await one[Symbol.asyncDispose]();
  }
  await receiver[Symbol.asyncDispose]();
});

const command = (name: string) => ({
  requestId: requestId(randomUUID()),
  command: name,
  bodyDigests: [Buffer.alloc(32, name)],
});

async function added(events: string[] = ["machine_*", "installation_*"]): Promise<void> {
  receiver = await testReceiver();
  const webhookId = randomUUID();
  const target = { url: receiver.url, secret, certificates: receiver.certificates };
  await webhookAdd(fleet.database, {
    ...command("webhook_add"),
    webhookId,
    name: "hook",
    shownUrl: "https://127.0.0.1",
    sealedTarget: secrets.seal(webhookPlace(webhookId), Buffer.from(JSON.stringify(target))),
    events,
    privateAllowed: false,
    createdBy: "tester",
  });
}

const holder = () => sessionHold(fleet.database, { component: "server", log: silent, clock: systemClock });

function deliver(given: Partial<WebhooksRunOptions> = {}): { stop: () => Promise<void> } {
  const { sessions = holder(), ...more } = given;
  const run = webhooksRun({
    ...{ database: fleet.database, secrets, clock: hurried, metrics: createMetrics(), log: silent, interval: 10 },
    host: { loopbackAllowed: true, ownPorts: async () => [] },
    sessions,
    ...more,
  });
  const all = {
    [Symbol.asyncDispose]: async () => (await run[Symbol.asyncDispose](), sessions[Symbol.asyncDispose]()),
  };
  running.push(all);
  return {
    stop: async () => {
      running.splice(running.indexOf(all), 1);
      await all[Symbol.asyncDispose]();
    },
  };
}

/** Lets the waits in the database be over. */
const hurry = () => fleet.rows("UPDATE webhook_line SET not_before = now()");
const shown = () => webhookShow(fleet.database, "hook");
const taken = (machine: TestMachine): string[] =>
  receiver.taken
    .filter(({ machineId }) => machineId === machine.machineId)
    .map(({ type }) => type.slice("farrier.".length));
const untilTaken = (machine: TestMachine, events: string[]) =>
  waitFor(events.join(", "), async () => {
    expect(taken(machine)).toEqual(events);
    return true;
  });

test("events go out in order, each once while nothing fails, as CloudEvents", async () => {
  await added();
  deliver();
  const machine = await fleet.add();
  await fleet.request(machine);
  await fleet.cancel(machine);
  await untilTaken(machine, ["machine_added", "installation_requested", "installation_cancelled"]);
  const [first] = receiver.taken;
  expect(JSON.parse(first?.body ?? "")).toMatchObject({
    specversion: "1.0",
    source: expect.stringMatching(/^urn:farrier:\d+-\d+$/u),
    subject: machine.machineId,
    datacontenttype: "application/json",
    data: { machine_id: machine.machineId, actor: { kind: "operator", name: "tester" } },
  });
  expect(first?.headers).toMatchObject({ "content-type": "application/cloudevents+json", "webhook-id": first?.id });
  await waitFor("an empty queue", async () => (await shown()).waiting === 0);
  expect(await shown()).toMatchObject({ delivered: 3n, deadLetters: 0, machinesFailing: 0 });
  await waitFor("no line", async () => (await fleet.rows("SELECT FROM webhook_line")).length === 0);
});

test("one machine's failing event holds up that machine alone, and its order holds", async () => {
  await added(["installation_*"]);
  const [bad, good] = [await fleet.add(), await fleet.add()];
  let refusing = true;
  receiver.answer = ({ machineId, type }, response) =>
    void response
      .writeHead(refusing && machineId === bad.machineId && type.endsWith("requested") ? 500 : 204)
      .end("the database\nis away");
  const metrics = createMetrics();
  deliver({ metrics });
  for (const machine of [bad, good]) {
    await fleet.request(machine);
    await fleet.cancel(machine);
  }
  await untilTaken(good, ["installation_requested", "installation_cancelled"]);
  await waitFor("a failure", async () => (await shown()).failure === "it answered 500: the database");
  for (const attempts of [2, 3]) {
    await hurry();
    await waitFor(`try ${attempts}`, async () => {
      const [line] = await fleet.rows("SELECT attempts FROM webhook_line WHERE machine_id = $1", bad.machineId);
      return line?.["attempts"] === attempts;
    });
  }
  expect(taken(bad)).toEqual([]);
  refusing = false;
  await hurry();
  await untilTaken(bad, ["installation_requested", "installation_cancelled"]);
  expect(await metrics.registry.metrics()).toContain(
    'farrier_webhook_deliveries_total{webhook="hook",outcome="failed"} 3',
  );
});

test("a receiver that is down for an hour gets everything at once when it is back", async () => {
  await added(["machine_added"]);
  await receiver.stop();
  deliver();
  const machines = [await fleet.add(), await fleet.add(), await fleet.add()];
  await waitFor("all of them failed", async () => {
    const rows = await fleet.rows("SELECT FROM webhook_line WHERE unreachable");
    return rows.length === machines.length;
  });
  // As an hour of failures leaves it.
  await fleet.rows("UPDATE webhook_line SET attempts = 9, not_before = now() + interval '1 hour'");
  await fleet.rows("UPDATE webhook_delivery SET queued_at = now() - interval '1 hour'");
  await receiver.listen();
  const probe = machines[0] as TestMachine;
  await fleet.rows("UPDATE webhook_line SET not_before = now() WHERE machine_id = $1", probe.machineId);
  for (const machine of machines) {
    await untilTaken(machine, ["machine_added"]);
  }
});

test("after three days an event is a dead letter, the next of its machine goes out, and it can be sent again", async () => {
  await added(["installation_*"]);
  receiver.answer = ({ type }, response) => void response.writeHead(type.endsWith("requested") ? 400 : 204).end();
  deliver();
  const machine = await fleet.add();
  await fleet.request(machine);
  await fleet.cancel(machine);
  await waitFor("a failure", async () => (await shown()).machinesFailing === 1);
  await fleet.rows("UPDATE webhook_delivery SET queued_at = now() - interval '3 days'");
  await hurry();
  await waitFor("a dead letter", async () => (await shown()).deadLetters === 1);
  await hurry();
  await untilTaken(machine, ["installation_cancelled"]);
  const [letter] = await deadLetterList(fleet.database, "hook", { limit: 10, after: 0n });
  expect(letter).toMatchObject({
    event: "installation_requested",
    machineId: machine.machineId,
    attempts: 2,
    failure: "it answered 400",
  });
  receiver.answer = (_event, response) => void response.writeHead(200).end("ok");
  const again = { ...command("webhook_redeliver"), name: "hook", eventIds: [letter?.eventId ?? 0n] };
  expect(await deadLettersRedeliver(fleet.database, again)).toBe(1n);
  expect(await deadLettersRedeliver(fleet.database, again)).toBe(1n);
  await untilTaken(machine, ["installation_cancelled", "installation_requested"]);
  expect(await shown()).toMatchObject({ deadLetters: 0 });
});

test("redirects inside are not followed, and answers are read up to 4 KiB", async () => {
  await added(["machine_added"]);
  deliver();
  const inside = await testReceiver();
  running.push(inside);
  receiver.answer = (_event, response) => void response.writeHead(307, { location: inside.url }).end();
  const machine = await fleet.add();
  await waitFor("a failure", async () => (await shown()).failure?.includes("redirects are not followed"));
  expect((await shown()).failure).toBe(
    `it answered 307, to https://127.0.0.1:${inside.port}/…: redirects are not followed`,
  );
  expect(inside.tried).toEqual([]);
  const ended = Promise.withResolvers<number>();
  receiver.answer = async (_event, response) => {
    let sent = 0;
    response.writeHead(200);
    response.once("close", () => ended.resolve(sent));
    while (!response.destroyed && sent < 256 << 20) {
      sent += 65_536;
      if (!response.write(Buffer.alloc(65_536))) {
        await new Promise((resolve) => {
          response.once("drain", resolve);
          response.once("close", resolve);
        });
      }
    }
  };
  await hurry();
  await untilTaken(machine, ["machine_added"]);
  // What fills the buffers of the connection is sent, and no more.
  expect(await ended.promise).toBeLessThan(64 << 20);
  await waitFor("an empty queue", async () => (await shown()).waiting === 0);
});

test("a lost session's webhook goes to another server; what was not acknowledged comes again", async () => {
  await added(["machine_added"]);
  const held = Promise.withResolvers<void>();
  receiver.answer = async () => {
    held.resolve();
    await new Promise(() => undefined);
  };
  deliver();
  const machine = await fleet.add();
  await held.promise;
  // As if the server had been killed: its session ends, and the janitor of another removes it.
  receiver.answer = (_event, response) => void response.writeHead(204).end();
  await fleet.rows("DELETE FROM sessions");
  deliver();
  await untilTaken(machine, ["machine_added"]);
});

test("two servers share the webhooks; a stopped server gives its own back at once", async () => {
  await added(["machine_added"]);
  const first = deliver();
  const before = await fleet.add();
  await untilTaken(before, ["machine_added"]);
  await waitFor("an empty queue", async () => (await shown()).waiting === 0);
  deliver();
  await first.stop();
  const after = await fleet.add();
  await untilTaken(after, ["machine_added"]);
  expect(taken(before)).toEqual(["machine_added"]);
});

test("a deletion goes out after the machine is gone; a deleted webhook gets nothing more", async () => {
  await added(["machine_*"]);
  deliver();
  const machine = await fleet.add();
  await machineDelete(fleet.database, { ...commandOf(machine, "machine_delete"), actor: operator });
  await untilTaken(machine, ["machine_added", "machine_deleted"]);
  await webhookDelete(fleet.database, { ...command("webhook_delete"), name: "hook", deletedBy: "test" });
  const count = receiver.tried.length;
  await fleet.add();
  await added(["machine_added"]);
  const last = await fleet.add();
  await untilTaken(last, ["machine_added"]);
  expect(count).toBe(2);
});

test("a webhook whose claim was committed without an answer is delivered by the session that holds it", async () => {
  await added(["machine_added"]);
  const sessions = holder();
  const session = await sessions.next();
  await fleet.rows("UPDATE webhook SET session_id = $1", session.id);
  deliver({ sessions });
  const machine = await fleet.add();
  await untilTaken(machine, ["machine_added"]);
});

test.each([
  ["knows that it lacks the key", "the key is not there"],
  ["has not noticed yet that it lacks the key", undefined],
])("a server that %s leaves webhooks to a server with the key", async (_what, problem) => {
  await added(["machine_added"]);
  const opened = Promise.withResolvers<void>();
  const open = () => {
    opened.resolve();
    throw new SecretsError("key_missing", "the key is not there");
  };
  const looked = Promise.withResolvers<void>();
  const lacking = { open, problem: () => (looked.resolve(), problem) };
  deliver({ secrets: lacking });
  await (problem === undefined ? opened.promise : looked.promise);
  const machine = await fleet.add();
  deliver();
  await untilTaken(machine, ["machine_added"]);
});

test("after the database's error no delivery of the round goes on, and what was broken off is no failed try", async () => {
  await added(["machine_added"]);
  const [held, broken] = [await fleet.add(), await fleet.add()];
  const released = Promise.withResolvers<void>();
  let release = false;
  receiver.answer = async ({ machineId }, response) => {
    if (machineId === held.machineId && !release) {
      await Promise.race([once(response, "close"), released.promise]);
    }
    if (response.destroyed) {
      throw new Error("it was broken off");
    }
    await waitFor("the other's event", () => release || receiver.tried.some((one) => one.machineId === held.machineId));
    response.writeHead(204).end();
  };
  await fleet.rows("CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''broken''; END'");
  await fleet.rows(
    `CREATE TRIGGER break_off BEFORE DELETE ON webhook_delivery FOR EACH ROW
     WHEN (OLD.machine_id = '${broken.machineId}') EXECUTE FUNCTION break_off()`,
  );
  // One round has both: history is read behind all unfinished transactions, those of other databases of this server too.
  await waitFor("both machines to be in the past", async () => {
    const past = await eventPage(fleet.database, eventsStart, { events: ["machine_added"], limit: 500 });
    return past.events.some(({ machineId }) => machineId === broken.machineId);
  });
  deliver();
  await waitFor("three rounds", () => {
    const tries = (machine: TestMachine) =>
      receiver.tried.filter(({ machineId }) => machineId === machine.machineId).length;
    return tries(broken) >= 3 && tries(held) >= 3;
  });
  expect(await fleet.rows("SELECT attempts, failure FROM webhook_line WHERE machine_id = $1", held.machineId)).toEqual([
    { attempts: 0, failure: null },
  ]);
  release = true;
  released.resolve();
  await fleet.rows("DROP FUNCTION break_off CASCADE");
  await untilTaken(held, ["machine_added"]);
});
