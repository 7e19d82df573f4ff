import { randomUUID } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { createAuthenticator } from "../caller/authenticate.ts";
import type { Operator } from "../caller/identity.ts";
import { testClients, testDependencies, testToken, type TestDependencies } from "../testing/operator-api.ts";
import { streamWhileValid } from "./stream-authentication.ts";

let database: TestDatabase;
let dependencies: TestDependencies;
/** Another server's, on the same database. */
let other: TestDependencies;
beforeAll(async () => {
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  other = testDependencies(database.connection);
});
afterAll(async () => {
  await dependencies[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function tokenMade(name: string): Promise<string> {
  const { secret } = await testClients(dependencies).access.tokenCreate({
    requestId: randomUUID(),
    name,
    role: Role.VIEWER,
    expiresInSeconds: 0n,
  });
  return secret;
}

/** The code with which a watch ends that was opened with a token. */
async function endOf(stream: AsyncIterator<unknown>): Promise<Code> {
  try {
    while ((await stream.next()).done !== true) {
      // What changes is of no interest here.
    }
  } catch (error) {
    return ConnectError.from(error).code;
  }
  throw new Error("the stream ended without an error");
}

test("A7: an open watch ends when its token is revoked, by another server too; others go on", async () => {
  const [here, elsewhere, staying] = await Promise.all(["a", "b", "c"].map(tokenMade));
  const watch = async (token = testToken): Promise<AsyncIterator<unknown>> => {
    const stream = testClients(dependencies, token).machines.machineWatch({})[Symbol.asyncIterator]();
    expect((await stream.next()).done).toBe(false);
    return stream;
  };
  const [first, second, third] = [await watch(here), await watch(elsewhere), await watch(staying)];
  const administrator = await watch();
  await testClients(dependencies).access.tokenRevoke({ requestId: randomUUID(), token: "a" });
  expect(await endOf(first)).toBe(Code.Unauthenticated);
  await testClients(other).access.tokenRevoke({ requestId: randomUUID(), token: "b" });
  expect(await endOf(second)).toBe(Code.Unauthenticated);
  for (const stream of [third, administrator]) {
    const next = stream.next();
    await testClients(dependencies).machines.machineAdd({
      requestId: randomUUID(),
      provider: "static",
      providerId: randomUUID(),
    });
    expect((await next).done).toBe(false);
  }
});

const revoked: Operator = { name: "web", role: "viewer", credential: "certificate", expiresAt: new Date(10_000) };

/** A stream that gives one message, and then waits until the caller hangs up. */
function silentStream(): { messages: AsyncIterable<number>; closed: Promise<void> } {
  const closed = Promise.withResolvers<void>();
  const results = [Promise.resolve({ done: false as const, value: 1 })];
  const iterator: AsyncIterator<number> = {
    next: () => results.shift() ?? new Promise(() => undefined),
    return: async () => {
      closed.resolve();
      return { done: true, value: undefined };
    },
  };
  return { messages: { [Symbol.asyncIterator]: () => iterator }, closed: closed.promise };
}

test("A7: a stream opened with a certificate ends within two seconds of the certificate's end", async () => {
  const clock = new FakeClock();
  let now = new Date(0);
  const { messages, closed } = silentStream();
  const nothing = { find: async () => undefined, where: async () => undefined, forget: () => undefined };
  const authenticator = createAuthenticator({
    localToken: testToken,
    tokens: nothing,
    consoleSessions: nothing,
    consoleLinks: nothing,
    sessionUsed: () => undefined,
    pause: async () => undefined,
    attempts: { allow: () => true },
    used: () => undefined,
    now: () => now,
  });
  const stream = streamWhileValid({ messages, operator: revoked, authenticator, clock });
  expect((await stream.next()).value).toBe(1);
  const ended = endOf(stream);
  now = new Date(9_999);
  await clock.advance(2_000);
  now = new Date(10_000);
  await clock.advance(2_000);
  expect(await ended).toBe(Code.Unauthenticated);
  await closed;
});

test("a stream that ends by itself is ended as it was", async () => {
  const messages = (async function* (): AsyncGenerator<number> {
    yield 1;
    yield 2;
  })();
  const clock = new FakeClock();
  const authenticator = { stillValid: async () => true };
  const told: number[] = [];
  for await (const message of streamWhileValid({ messages, operator: revoked, authenticator, clock })) {
    told.push(message);
  }
  expect(told).toEqual([1, 2]);
});

test("a long stream keeps no message that it passed on", async () => {
  const held: WeakRef<object>[] = [];
  const messages = (async function* (): AsyncGenerator<object> {
    for (;;) {
      const message = { text: "x".repeat(10) };
      held.push(new WeakRef(message));
      yield message;
    }
  })();
  const authenticator = { stillValid: async () => true };
  const stream = streamWhileValid({ messages, operator: revoked, authenticator, clock: new FakeClock() });
  for (let index = 0; index < 1_000; index += 1) {
    await stream.next();
  }
  // What a WeakRef was made for in this turn of the event loop is kept until the next.
  await new Promise((resolve) => setImmediate(resolve));
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  expect(held.filter((message) => message.deref() !== undefined).length).toBeLessThan(10);
  await stream.return(undefined);
});
