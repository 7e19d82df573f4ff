import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { EventService } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { createClient } from "@connectrpc/connect";
import { waitFor } from "../../../test/support/wait.ts";
import { testReceiver, type TestReceiver } from "../../events/testing/webhook-receiver-server.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";
import { testClients, testToken, testTransport, type TestClients } from "../testing/operator-api.ts";

const { fleet, clients, dependencies } = await operatorFixture();
const { webhooks } = clients;
let receiver: TestReceiver;
beforeAll(async () => {
  receiver = await testReceiver();
});
afterAll(() => receiver[Symbol.asyncDispose]());

const add = (more: object = {}) =>
  webhooks.webhookAdd({
    ...{ requestId: randomUUID(), name: `hook-${randomUUID().slice(0, 8)}`, url: receiver.url },
    caCertificates: Buffer.from(receiver.certificates),
    ...more,
  });

test("the key is told once, is sealed in the database, and the URL's path and query are shown to nobody", async () => {
  const requestId = randomUUID();
  const first = await add({ requestId, name: "once", events: ["installation_*"] });
  expect(first.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/u);
  expect(first.webhook).toMatchObject({ name: "once", url: `https://127.0.0.1:${receiver.port}/…`, waiting: 0n });
  const again = await add({ requestId, name: "once", events: ["installation_*"] });
  expect([again.secret, again.webhook?.name]).toEqual(["", "once"]);
  const rows = await fleet.rows<{ text: string }>("SELECT w::text AS text FROM webhook w");
  const stored = rows
    .map(({ text }) => text + Buffer.from(text.replaceAll(/.*\\\\x|[^0-9a-f].*/gu, ""), "hex").toString())
    .join();
  expect(stored).not.toContain("hunter2");
  expect(stored).not.toContain(first.secret.slice("whsec_".length));
  expect((await refusal(add({ name: "once" })))[0]).toBe("AlreadyExists");
});

test("a test event is sent at once, and its outcome told", async () => {
  await add({ name: "tried" });
  expect(await webhooks.webhookTest({ name: "tried" })).toMatchObject({ delivered: true, outcome: "it answered 204" });
  expect(receiver.taken.at(-1)).toMatchObject({
    type: "farrier.webhook_test",
    headers: { "content-type": "application/cloudevents+json" },
  });
  receiver.answer = (_event, response) => void response.writeHead(404).end("no such hook");
  expect(await webhooks.webhookTest({ name: "tried" })).toMatchObject({
    delivered: false,
    outcome: "it answered 404: no such hook",
  });
  receiver.answer = (_event, response) => void response.writeHead(500).end("the database");
  expect(await webhooks.webhookTest({ name: "tried" })).toMatchObject({
    delivered: false,
    outcome: "it answered 500: the database",
  });
  const tried = receiver.tried.length;
  receiver.answer = (_event, response) => void response.writeHead(302, { location: "https://127.0.0.1:1/" }).end();
  expect(await webhooks.webhookTest({ name: "tried" })).toMatchObject({
    delivered: false,
    outcome: expect.stringMatching(/^it answered 302/u) as string,
  });
  expect(receiver.tried).toHaveLength(tried + 1);
  // Slow, but in time.
  receiver.answer = async (_event, response) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    response.writeHead(200).end();
  };
  expect(await webhooks.webhookTest({ name: "tried" })).toMatchObject({ delivered: true, outcome: "it answered 200" });
  await receiver.stop();
  expect(await webhooks.webhookTest({ name: "tried" })).toMatchObject({
    delivered: false,
    outcome: expect.stringMatching(/ECONNREFUSED|refused/u) as string,
  });
  await receiver.listen();
  receiver.answer = (_event, response) => void response.writeHead(204).end();
});

test("what a receiver answers is shown to admins; viewers see its status", async () => {
  await add({ name: "answers" });
  await fleet.rows("UPDATE webhook SET failure = 'it answered 404: no such hook' WHERE webhook_name = 'answers'");
  await fleet.rows(
    `INSERT INTO webhook_dead_letter (webhook_id, event_id, event_at, machine_id, event, attempts, failure)
     SELECT webhook_id, 1, now(), gen_random_uuid(), 'machine_added', 1, failure FROM webhook WHERE webhook_name = 'answers'`,
  );
  const { secret } = await clients.access.tokenCreate({
    ...{ requestId: randomUUID(), name: "looker", role: Role.VIEWER, expiresInSeconds: 0n },
  });
  const seen = async ({ webhooks: by }: TestClients): Promise<(string | undefined)[]> => [
    (await by.webhookShow({ name: "answers" })).webhook?.failure,
    (await by.webhookList({})).webhooks.find(({ name }) => name === "answers")?.failure,
    (await by.webhookDeadLetterList({ name: "answers" })).deadLetters[0]?.failure,
  ];
  expect(new Set(await seen(clients))).toEqual(new Set(["it answered 404: no such hook"]));
  expect(new Set(await seen(testClients(dependencies, secret)))).toEqual(new Set(["it answered 404"]));
});

test.each([
  ["http", { url: "http://tickets.example.org/" }, /^url: expected an https URL/u],
  ["a password", { url: "https://a:b@tickets.example.org/" }, /^url: expected an https URL/u],
  ["a private address", { url: "https://192.168.1.5/" }, /^url: may not be called: .*private_allowed/u],
  ["clouds' address, whatever is allowed", { url: "https://169.254.169.254/", privateAllowed: true }, /link-local/u],
  ["a misspelt kind", { events: ["instalation_*"] }, /^events\.0: expected the kind of an event/u],
  ["a name with blanks", { name: "a b" }, /^name: expected/u],
  ["no certificate", { caCertificates: Buffer.from("x") }, /^ca_certificates: /u],
])("%s is refused", async (_what, more, message) => {
  expect(await refusal(add(more))).toEqual(["InvalidArgument", expect.stringMatching(message)]);
});

test("webhooks are listed page by page, and deleted once", async () => {
  const names = ["page-a", "page-b", "page-c"];
  for (const name of names) {
    await add({ name });
  }
  const found: string[] = [];
  let pageToken = "";
  do {
    const page = await webhooks.webhookList({ pageSize: 1, pageToken });
    found.push(...page.webhooks.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(found).toEqual(found.toSorted());
  expect(found.filter((name) => name.startsWith("page-"))).toEqual(names);
  const requestId = randomUUID();
  await webhooks.webhookDelete({ requestId, name: "page-a" });
  await webhooks.webhookDelete({ requestId, name: "page-a" });
  expect(await refusal(webhooks.webhookShow({ name: "page-a" }))).toEqual([
    "NotFound",
    expect.stringContaining('no webhook "page-a"'),
  ]);
  expect((await refusal(webhooks.webhookDeadLetterList({ name: "page-a" })))[0]).toBe("NotFound");
});

async function followed(request: object, count: number): Promise<{ cursor: string; json: Record<string, unknown> }[]> {
  const stop = new AbortController();
  const found: { cursor: string; json: Record<string, unknown> }[] = [];
  const { eventFollow } = createClient(EventService, testTransport(dependencies, `Bearer ${testToken}`));
  try {
    for await (const { events } of eventFollow(request, { signal: stop.signal })) {
      found.push(
        ...events.map((event) => ({
          cursor: event.cursor,
          json: JSON.parse(event.cloudEvent) as Record<string, unknown>,
        })),
      );
      if (found.length >= count) {
        break;
      }
    }
  } finally {
    stop.abort();
  }
  return found;
}

test("events are followed from the start, from a cursor, and as they happen", async () => {
  const machine = await fleet.add();
  await fleet.request(machine);
  await fleet.cancel(machine);
  const kinds = (events: { json: Record<string, unknown> }[]): unknown[] =>
    events.filter(({ json }) => json["subject"] === machine.machineId).map(({ json }) => json["type"]);
  const all = await waitFor("all events", async () => {
    const found = await followed({ fromStart: true, events: ["installation_*"] }, 2);
    return found.length === 2 && found;
  });
  expect(kinds(all)).toEqual(["farrier.installation_requested", "farrier.installation_cancelled"]);
  expect(all.map(({ cursor }) => cursor)).toEqual(all.map(({ json }) => json["cursor"]));
  const [first] = all;
  const live = followed({ cursor: first?.cursor, events: ["installation_*"] }, 3);
  await fleet.request(machine);
  await fleet.cancel(machine);
  expect(kinds(await live).slice(0, 3)).toEqual([
    "farrier.installation_cancelled",
    "farrier.installation_requested",
    "farrier.installation_cancelled",
  ]);
  const of = JSON.parse(Buffer.from(first?.cursor ?? "", "base64url").toString()) as string[];
  const foreign = Buffer.from(JSON.stringify(["other", ...of.slice(1)])).toString("base64url");
  const error = await followed({ cursor: foreign }, 1).catch((reason: unknown) => String(reason));
  expect(error).toContain("belongs to another database");
});

test("entries of a transaction that ends late are not passed over", async () => {
  const late = await dependencies.database.pool.connect();
  try {
    await late.query("BEGIN");
    await late.query(
      "INSERT INTO history (machine_id, actor_kind, actor, event) VALUES (gen_random_uuid(), 'system', 'late', 'deadline_missed')",
    );
    await fleet.rows(
      "INSERT INTO history (machine_id, actor_kind, actor, event) VALUES (gen_random_uuid(), 'system', 'early', 'deadline_missed')",
    );
    const live = followed({ fromStart: true, events: ["deadline_missed"] }, 2);
    await late.query("COMMIT");
    expect((await live).map(({ json }) => (json["data"] as { actor: { name: string } }).actor.name)).toEqual([
      "late",
      "early",
    ]);
  } finally {
    late.release();
  }
});
