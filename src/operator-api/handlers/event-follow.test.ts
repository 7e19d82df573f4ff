import { randomUUID } from "node:crypto";
import { Code, ConnectError, type Client } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import type { EventFollowResponse, EventService } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { connect } from "../../database/connect.ts";
import { eventPage, eventsStart } from "../../database/queries/event/event-page.ts";
import { testClients } from "../testing/operator-api.ts";
import { operatorFixture } from "../testing/operator-fixture.ts";

const { fleet, dependencies, clients } = await operatorFixture();

/** A stream that is read message by message, and hung up on when disposed of. */
function followed(by: Client<typeof EventService>, request: object = {}) {
  const hangUp = new AbortController();
  const stream = by.eventFollow(request, { signal: hangUp.signal })[Symbol.asyncIterator]();
  const next = async (): Promise<EventFollowResponse> => {
    const { value, done } = await stream.next();
    return done === true ? Promise.reject(new Error("the stream ended")) : value;
  };
  return {
    next,
    /** The types of the next events, up to this one. */
    until: async (type: string): Promise<string[]> => {
      const types: string[] = [];
      while (!types.includes(type)) {
        const { events } = await next();
        types.push(...events.map(({ cloudEvent }) => (JSON.parse(cloudEvent) as { type: string }).type));
      }
      return types;
    },
    [Symbol.asyncDispose]: async () => {
      hangUp.abort();
      await stream.return?.().catch(() => undefined);
    },
  };
}

test("an operator follows events in at most 16 streams; another one, and the next after an end, are served", async () => {
  await using streams = new AsyncDisposableStack();
  const first = followed(clients.events);
  await first.next();
  for (let count = 1; count < 16; count += 1) {
    await streams.use(followed(clients.events)).next();
  }
  await using refused = followed(clients.events);
  const error = await refused.next().then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  expect([error?.code, error?.rawMessage]).toEqual([
    Code.ResourceExhausted,
    expect.stringMatching(/^"token" follows events in 16 streams: expected no more at a time/u),
  ]);
  const { secret } = await clients.access.tokenCreate({
    ...{ requestId: randomUUID(), name: "looker", role: Role.VIEWER, expiresInSeconds: 0n },
  });
  await using others = followed(testClients(dependencies, secret).events);
  await others.next();
  await first[Symbol.asyncDispose]();
  await waitFor("a free place", async () => {
    await using again = followed(clients.events);
    await again.next();
    return true;
  });
});

test("streams that read the past leave the operators' connections to other calls", async () => {
  const machine = await fleet.add();
  await fleet.request(machine);
  // History is read behind all unfinished transactions, those of other databases of this server too.
  const past = { events: ["installation_requested"], limit: 500 } as const;
  await waitFor(
    "the request to be in the past",
    async () => (await eventPage(fleet.database, eventsStart, past)).events[0],
  );
  const { log } = dependencies;
  await using operators = connect(fleet.test.connection, { log, connections: 8 });
  const held = Promise.withResolvers<void>();
  let reading = 0;
  // Each page of history holds its connection until the test lets it go.
  const kysely = operators.kysely.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      if (result.rows.some((row) => "wanted" in row)) {
        reading += 1;
        await held.promise;
      }
      return result;
    },
  });
  const crowd = testClients({ ...dependencies, database: { ...operators, kysely } });
  await using streams = new AsyncDisposableStack();
  const found = Array.from({ length: 16 }, async () => {
    const stream = streams.use(followed(crowd.events, { fromStart: true, events: ["installation_requested"] }));
    await stream.next();
    return stream.until("farrier.installation_requested");
  });
  await waitFor("the first reads", () => reading >= 2);
  for (let calls = 0; calls < 20; calls += 1) {
    await crowd.machines.machineCount({});
  }
  // Two of the past, and the shared one of what is new.
  expect(reading).toBeLessThanOrEqual(3);
  held.resolve();
  expect(await Promise.all(found)).toEqual(Array.from({ length: 16 }, () => ["farrier.installation_requested"]));
});

test("a stream that reads the past misses nothing of what is recorded meanwhile, and gets nothing twice", async () => {
  const machine = await fleet.add();
  const story = async (): Promise<void> => {
    for (let times = 0; times < 8; times += 1) {
      await fleet.request(machine);
      await fleet.cancel(machine);
    }
  };
  await using now = followed(clients.events);
  const { cursor } = await now.next();
  await story();
  const happening = story();
  await using stream = followed(clients.events, { cursor, events: ["installation_*"] });
  const types: string[] = [];
  while (types.length < 32) {
    types.push(...(await stream.until("farrier.installation_cancelled")));
  }
  await happening;
  const pair = ["farrier.installation_requested", "farrier.installation_cancelled"];
  expect(types).toEqual(Array.from({ length: 16 }, () => pair).flat());
});
