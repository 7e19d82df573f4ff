import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { openConnections } from "../../../test/support/kernel-connections.ts";
import { recordingLog } from "../../../test/support/recording-log.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { operatorApiListen } from "./listener.ts";
import { testDependencies, testToken, type TestDependencies } from "../testing/operator-api.ts";

let database: TestDatabase;
let dependencies: TestDependencies;
beforeAll(async () => {
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
});
afterAll(async () => {
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const listen = (stallMilliseconds: number, drainMilliseconds?: number, log = dependencies.log) =>
  operatorApiListen({
    ...dependencies,
    log,
    address: { host: "127.0.0.1", port: 0 },
    probes: { ready: async () => ({ ready: true }), metrics: async () => "" },
    stallMilliseconds,
    ...(drainMilliseconds === undefined ? {} : { drainMilliseconds }),
  });

/** Asks for everything, as a client that speaks Connect over HTTP/1.1 does: one message in an envelope. */
function watchRequest(message: string, method = "MachineService/MachineWatch"): Buffer {
  const body = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), Buffer.from(message)]);
  return Buffer.concat([
    Buffer.from(
      `POST /farrier.operator.v1.${method} HTTP/1.1\r\nhost: localhost\r\n` +
        `authorization: Bearer ${testToken}\r\ncontent-type: application/connect+json\r\nconnect-protocol-version: 1\r\n` +
        `content-length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]);
}

const megabyte = 1_000_000;

const machines = `INSERT INTO machines (labels)
  SELECT (SELECT jsonb_object_agg('l' || n, repeat('x', 256)) FROM generate_series(1, 60) n)
  FROM generate_series(1, 2000)`;
const events = `INSERT INTO history (machine_id, actor_kind, actor, event, detail)
  SELECT gen_random_uuid(), 'system', 'test', 'deadline_missed', jsonb_build_object('text', repeat('x', 16000))
  FROM generate_series(1, 2000)`;

// 2,000 of 16 KB: far more than the buffers of a connection hold.
test.each([
  ["a watch", machines, watchRequest('{"includeExisting":true}')],
  ["events", events, watchRequest('{"fromStart":true}', "EventService/EventFollow")],
])(
  "a reader of %s that stops reading is sent away; what it did not take was never fetched",
  async (_what, fill, request) => {
    await dependencies.database.pool.query(fill);
    await using listener = await listen(3_000);
    const socket: Socket = connectSocket(listener.address.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    const served = (): number => openConnections("local", [listener.address.port]);
    await waitFor("the server's end of the connection", () => served() === 1);
    const before = process.memoryUsage();
    socket.write(request);
    await once(socket, "readable");
    // It reads nothing until the server has given up on it.
    await waitFor("the server to close the connection", () => served() === 0, { timeoutMs: 60_000 });
    expect((process.memoryUsage().rss - before.rss) / megabyte).toBeLessThan(200);
    let received = 0;
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    await closed;
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(20 * megabyte);
  },
  300_000,
);

test.each([
  ["a watch", machines, watchRequest('{"includeExisting":true}')],
  ["events", events, watchRequest('{"fromStart":true}', "EventService/EventFollow")],
])("a reader of %s that leaves in mid-stream is no error", async (_what, fill, request) => {
  await dependencies.database.pool.query(fill);
  const { log, count } = recordingLog();
  await using listener = await listen(60_000, undefined, log);
  for (const left of [1, 2, 3]) {
    const socket: Socket = connectSocket(listener.address.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(request);
    // The server has more to write than the connection takes.
    await once(socket, "readable");
    socket.resetAndDestroy();
    await waitFor("the server to notice", () => count(/^(?:caller left|call failed)$/u) === left);
  }
  expect(count("call failed")).toBe(0);
  expect(count("answer not written")).toBe(0);
});

test("a watch ends at once when the server stops, and others' signs of life keep it open until then", async () => {
  // The end would wait for an hour for a call that goes on.
  const listener = await listen(60_000, 3_600_000);
  const client = createClient(
    MachineService,
    createConnectTransport({
      baseUrl: listener.url,
      httpVersion: "1.1",
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", `Bearer ${testToken}`);
          return next(request);
        },
      ],
    }),
  );
  const stream = client.machineWatch({})[Symbol.asyncIterator]();
  expect((await stream.next()).done).toBe(false);
  const [end] = await Promise.all([stream.next(), listener[Symbol.asyncDispose]()]);
  expect(end.done).toBe(true);
});
