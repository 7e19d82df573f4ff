import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as http2Connect, type ClientHttp2Session } from "node:http2";
import { connect as tcpConnect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { tlsFilesEnsure, type TlsCredentials } from "../../lib/tls/credentials.ts";
import { testDependencies, testToken, type TestDependencies } from "../testing/operator-api.ts";
import { operatorApiListen, type OperatorApiListener } from "./listener.ts";

let directory: string;
let database: TestDatabase;
let dependencies: TestDependencies;
let files: TlsCredentials;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-connection-places-"));
  database = await testDatabase();
  dependencies = testDependencies(database.connection);
  files = await tlsFilesEnsure({ directory, serverNames: [] });
});
afterAll(async () => {
  await dependencies[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

function listen(tls: boolean, unprovenMilliseconds = 60_000): Promise<OperatorApiListener> {
  return operatorApiListen({
    ...dependencies,
    address: { host: "127.0.0.1", port: 0 },
    probes: { ready: async () => ({ ready: true }), metrics: async () => "farrier_test 1\n" },
    unprovenMilliseconds,
    ...(tls ? { tls: { certificatePem: files.serverCertificatePem, keyPem: files.serverKeyPem } } : {}),
  });
}

const list = "/farrier.operator.v1.MachineService/MachineList";

/** A call of the list on a connection; resolves to its HTTP status. */
async function call(session: ClientHttp2Session, token = testToken): Promise<number> {
  const stream = session.request({
    ":method": "POST",
    ":path": list,
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  });
  stream.end("{}");
  const [headers] = (await once(stream, "response")) as [{ ":status"?: number }];
  stream.resume();
  await once(stream, "end");
  return headers[":status"] ?? 0;
}

async function sessionTo(listener: OperatorApiListener): Promise<ClientHttp2Session> {
  const session = http2Connect(listener.url, { ca: files.caCertificatePem });
  session.on("error", () => undefined);
  await once(session, "connect");
  return session;
}

test.each([
  ["over TLS", true],
  ["in clear text", false],
])(
  "A6: 520 idle connections %s lock no operator out",
  async (_how, tls) => {
    await using listener = await listen(tls);
    using idle = new DisposableStack();
    const sockets = Array.from({ length: 520 }, (): Socket | TLSSocket => {
      const where = { host: "127.0.0.1", port: listener.address.port };
      const socket = tls
        ? tlsConnect({ ...where, ca: files.caCertificatePem, ALPNProtocols: ["h2"] })
        : tcpConnect(where);
      socket.on("error", () => undefined);
      // Else its end would not be seen.
      socket.resume();
      return idle.adopt(socket, (one) => one.destroy());
    });
    await waitFor("32 are open", () => sockets.filter(({ closed }) => !closed).length === 32, { timeoutMs: 90_000 });
    const response = tls
      ? await call(idle.adopt(await sessionTo(listener), (session) => session.destroy()))
      : (
          await fetch(`${listener.url}${list}`, {
            method: "POST",
            headers: { authorization: `Bearer ${testToken}`, "content-type": "application/json", connection: "close" },
            body: "{}",
          })
        ).status;
    expect(response).toBe(200);
  },
  120_000,
);

test("A6: neither PING, SETTINGS nor a bad credential keeps a connection open; a good one does", async () => {
  await using listener = await listen(true, 1_000);
  const proven = await sessionTo(listener);
  expect(await call(proven)).toBe(200);
  const [pinging, guessing] = [await sessionTo(listener), await sessionTo(listener)];
  const busy = setInterval(() => {
    if (!pinging.destroyed) {
      pinging.ping(() => undefined);
      pinging.settings({ enablePush: false });
    }
  }, 50);
  try {
    expect(await call(guessing, "frr_wrong")).toBe(401);
    await waitFor("both are closed", () => pinging.destroyed && guessing.destroyed);
    expect(await call(proven)).toBe(200);
  } finally {
    clearInterval(busy);
    proven.destroy();
  }
});

test("A6: a connection that resets many calls is closed, for every caller", async () => {
  await using listener = await listen(true);
  const session = await sessionTo(listener);
  expect(await call(session)).toBe(200);
  await waitFor("it is closed", async () => {
    for (let count = 0; count < 50 && !session.destroyed; count += 1) {
      const stream = session.request({ ":method": "POST", ":path": list });
      stream.on("error", () => undefined);
      stream.close(8);
    }
    return session.destroyed || session.closed;
  });
  const other = await sessionTo(listener);
  expect(await call(other)).toBe(200);
  other.destroy();
});

test("A6: guesses that come by the thousands in one packet end the connection", async () => {
  await using listener = await listen(false);
  const socket = tcpConnect(listener.address.port, "127.0.0.1");
  // What was left unread is answered with a reset.
  socket.on("error", () => undefined);
  const guess = `POST ${list} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer frr_no\r\ncontent-length: 0\r\n\r\n`;
  const before = dependencies.refused();
  socket.write(guess.repeat(2_000));
  socket.resume();
  await waitFor("it is closed", () => socket.closed);
  expect(dependencies.refused() - before).toBeLessThanOrEqual(64);
});

test("A6: a client's hundred calls at once, each on a connection of its own, are all carried out", async () => {
  await using listener = await listen(false);
  const answers = await Promise.all(
    Array.from({ length: 100 }, () =>
      fetch(`${listener.url}${list}`, {
        method: "POST",
        headers: { authorization: `Bearer ${testToken}`, "content-type": "application/json", connection: "close" },
        body: "{}",
      }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});
