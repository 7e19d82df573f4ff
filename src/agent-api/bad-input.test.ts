// What the agent port makes of those who do not speak its language: no crash, no growth, and good agents served meanwhile.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as http2Connect,
  constants as http2,
  type IncomingHttpHeaders,
} from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AgentClient, heartbeatPath, type Identity, identityOf } from "../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import type { TestMachine } from "../../test/support/fleet.ts";
import { waitFor } from "../../test/support/wait.ts";
import { ed25519KeyPair } from "../lib/tls/ed25519.ts";
import { limits } from "./limits.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Short, so that nobody waits for long; not so short that a busy host cuts the good ones off. */
const times = {
  handshake: 2_000,
  requestArrival: 1_000,
  strangerConnection: 2_000,
  undecidedConnection: 2_000,
  floodPause: 1_000,
};

let server: AgentServer;
let machine: TestMachine;
let good: AgentClient;
beforeAll(async () => {
  server = await agentServer({ times });
  ({ machine, client: good } = await server.agent());
});
afterAll(async () => await server[Symbol.asyncDispose]());

async function raw(): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

async function secure(options: ConnectionOptions = {}, identity?: Identity): Promise<TLSSocket> {
  const socket = tlsConnect({
    port: server.port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
    ...(identity === undefined ? {} : { key: identity.key, cert: identity.certificate }),
    ...options,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

/** Resolves when the other end has hung up. */
async function hungUp(socket: Socket): Promise<void> {
  socket.resume();
  await new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));
}

const connections = async (): Promise<number> => (await server.metrics.agentConnections.get()).values[0]?.value ?? -1;

async function http2Session(identity?: Identity): Promise<ClientHttp2Session> {
  const socket = await secure({}, identity);
  const session = http2Connect("https://localhost", { createConnection: () => socket });
  session.on("error", () => undefined);
  return session;
}

function call(session: ClientHttp2Session, path = heartbeatPath): ClientHttp2Stream {
  const stream = session.request({
    [http2.HTTP2_HEADER_METHOD]: "POST",
    [http2.HTTP2_HEADER_PATH]: path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => undefined);
  return stream;
}

/** grpc-status of a stream's answer. */
async function statusOf(stream: ClientHttp2Stream): Promise<string | undefined> {
  return new Promise((resolve) => {
    const seen = (headers: IncomingHttpHeaders): void => {
      if (headers["grpc-status"] !== undefined) {
        resolve([headers["grpc-status"]].flat()[0]);
      }
    };
    stream.on("response", seen);
    stream.on("trailers", seen);
    stream.on("close", () => resolve(undefined));
    stream.resume();
  });
}

describe("hangs up on", () => {
  test("garbage bytes in place of a handshake", async () => {
    for (const bytes of [
      randomBytes(1000),
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.alloc(70_000),
      Buffer.from([0x16, 3, 1, 255, 255]),
    ]) {
      const socket = await raw();
      socket.write(bytes);
      await hungUp(socket);
    }
    await good.heartbeat();
  });

  test("a handshake that is begun and not ended, or not begun at all", async () => {
    const [silent, half] = await Promise.all([raw(), raw()]);
    // A ClientHello's record header that promises 512 bytes.
    half.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]));
    await Promise.all([hungUp(silent), hungUp(half)]);
    await good.heartbeat();
  });

  test("TLS without ALPN, and TLS 1.1", async () => {
    // Node offers no protocol where the list is empty.
    const socket = await secure({ ALPNProtocols: [] }, identityOf(machine.agent));
    await hungUp(socket);
    await expect(
      secure({ maxVersion: "TLSv1.1", minVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }),
    ).rejects.toThrow();
    await expect(secure({ ALPNProtocols: ["http/1.1"] })).rejects.toThrow();
    await good.heartbeat();
  });

  test("garbage, and frames over their size, within TLS", async () => {
    const identity = identityOf(machine.agent);
    const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const frame = (length: number, type: number, stream: number): Buffer => {
      const head = Buffer.alloc(9);
      head.writeUIntBE(length, 0, 3);
      head[3] = type;
      head.writeUInt32BE(stream, 5);
      return head;
    };
    const attacks = [
      randomBytes(5000),
      Buffer.concat([preface, randomBytes(5000)]),
      // SETTINGS of 16 MiB; DATA of 16 MiB on stream 1; HEADERS on stream 0.
      Buffer.concat([preface, frame(0, 4, 0), frame(0xff_ff_ff, 4, 0), Buffer.alloc(100_000)]),
      Buffer.concat([preface, frame(0, 4, 0), frame(0xff_ff_ff, 0, 1), Buffer.alloc(100_000)]),
      Buffer.concat([preface, frame(0, 4, 0), frame(10, 1, 0), Buffer.alloc(10)]),
    ];
    for (const attack of attacks) {
      const socket = await secure({}, identity);
      socket.write(attack);
      await hungUp(socket);
    }
    await good.heartbeat();
  });

  test("a stranger, a while after it was answered, whatever it goes on sending", async () => {
    const session = await http2Session();
    const stream = call(session);
    expect(await statusOf(stream)).toBe("16");
    // It never ends its request.
    stream.write(Buffer.alloc(1000));
    await once(session, "close");
    const idle = await http2Session(identityOf(ed25519KeyPair()));
    expect(idle.closed).toBe(false);
    idle.destroy();
  });
});

describe("a slow sender", () => {
  test("is cut off, its connection with it, and good agents never notice", async () => {
    const session = await http2Session(identityOf(machine.agent));
    const streams = Array.from({ length: 8 }, () => call(session));
    const answers = streams.map((stream) => statusOf(stream));
    for (const stream of streams) {
      // A message of 1 MiB that comes a byte at a time.
      stream.write(Buffer.from([0, 0, 0x10, 0, 0, 1]));
    }
    const closed = once(session, "close");
    await good.heartbeat();
    expect(await Promise.all(answers)).toEqual(streams.map(() => "4"));
    await closed;
    await good.heartbeat();
  });

  test("whose message is whole but never ended is cut off too", async () => {
    const session = await http2Session(identityOf(machine.agent));
    const stream = call(session);
    stream.write(Buffer.from([0, 0, 0, 0, 0]));
    const closed = once(session, "close");
    expect(await statusOf(stream)).toBe("4");
    await closed;
  });
});

test("streams over the limit wait or are refused, and streams that are reset at once cost nothing", async () => {
  const session = await http2Session(identityOf(machine.agent));
  await once(session, "remoteSettings");
  expect(session.remoteSettings.maxConcurrentStreams).toBe(limits.streamsOfStranger);
  for (let round = 0; round < 50 && !session.destroyed; round += 1) {
    for (let index = 0; index < 8; index += 1) {
      call(session).close(http2.NGHTTP2_CANCEL);
    }
    await good.heartbeat();
  }
  session.destroy();
  await waitFor("the good agent's connection alone", async () => (await connections()) === 1);
});

test("memory does not grow with any of it", async () => {
  const identity = identityOf(machine.agent);
  const stranger = identityOf(ed25519KeyPair());
  const round = async (): Promise<void> => {
    const garbage = await raw();
    garbage.write(randomBytes(2000));
    const plain = await secure({ ALPNProtocols: [] }, identity);
    const session = await http2Session(stranger);
    const known = await http2Session(identity);
    const answers = [call(session), call(session, "/nope"), call(known), call(known)].map((stream) => {
      stream.write(Buffer.concat([Buffer.from([0, 0, 0x0f, 0xff, 0xff]), randomBytes(50_000)]));
      return stream;
    });
    await Promise.all([hungUp(garbage), hungUp(plain)]);
    for (const stream of answers) {
      stream.destroy();
    }
    session.destroy();
    known.destroy();
    await good.raw(heartbeatPath, Buffer.alloc(limits.message + 1));
    await good.raw(heartbeatPath, randomBytes(500));
    await good.heartbeat();
  };
  const used = async (): Promise<number> => {
    await waitFor("the good agent's connection alone", async () => (await connections()) === 1);
    collectGarbage();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
  };
  const rounds = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await round();
    }
  };
  await rounds(30);
  const before = await used();
  await rounds(120);
  // A connection kept would be 89 KB, a stream 19 KB, a message up to 1 MiB. What is only not yet given back (buffers are,
  // some turns after the objects that held them) is given back in time; what is kept never is.
  await waitFor(
    "the memory of 120 rounds to be given back",
    async () => ((await used()) - before) / 120 < 8_000 || undefined,
    {
      timeoutMs: 60_000,
    },
  );
}, 300_000);

describe("a session is not resumed: only a handshake proves a key", () => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    test(maxVersion, async () => {
      const first = await secure({ maxVersion }, identityOf(machine.agent));
      // TLS 1.3 sends tickets after the handshake, also those that no server will take.
      let session: Buffer | undefined = first.getSession();
      first.on("session", (ticket: Buffer) => (session = ticket));
      // A round trip: a ticket comes before its answer.
      const h2 = http2Connect("https://localhost", { createConnection: () => first });
      h2.on("error", () => undefined);
      expect(await statusOf(call(h2).end(Buffer.alloc(5)))).toBe("3");
      h2.destroy();
      const again = await secure({ maxVersion, ...(session === undefined ? {} : { session }) });
      expect(again.isSessionReused()).toBe(false);
      const stranger = http2Connect("https://localhost", { createConnection: () => again });
      stranger.on("error", () => undefined);
      expect(await statusOf(call(stranger).end(Buffer.alloc(5)))).toBe("16");
      stranger.destroy();
    });
  }
});
