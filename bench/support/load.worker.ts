// The load generator: many connections with one call in flight each, over bare node:http2, so that it takes as little
// as possible of the cores that it shares with the measured server.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, constants, type ClientHttp2Session } from "node:http2";
import { connect as connectTls, createSecureContext } from "node:tls";
import { ed25519PrivateKeyPem, type Ed25519KeyPair } from "../../src/lib/tls/ed25519.ts";
import { selfSignedCertificate } from "../../src/lib/tls/self-signed.ts";
import { serve } from "./processes.ts";

/** The orders to the generator. */
export type LoadOrder =
  /** Opens connections, and returns the seconds that it took: connection c has key `first` + c, and speaks for the machines of this key. */
  | { order: "connect"; port: number; connections: number; first?: number; keys: Ed25519KeyPair[]; machines: number }
  /** Opens a Watch on each connection, for the first machine of its key. From then on heartbeats name the same run. */
  | { order: "watch" }
  /** Returns when each machine's request arrived, in nanoseconds of the monotonic clock, and clears the list. */
  | { order: "arrivals" }
  | { order: "close" }
  /**
   * Closes connections at once and opens them again at once; each sends a heartbeat when it is back. All of them, or
   * the first `count`; with `pace` one by one, that many per second.
   */
  | { order: "storm"; count?: number; pace?: number }
  /**
   * Holds one TLS connection to the reference for a push; each id received over it is an arrival, for machines from
   * `from` to below `to`.
   */
  | { order: "push"; port: number; from: number; to: number }
  | {
      order: "run";
      path: string;
      seconds: number;
      /** Calls per second over all connections; absent means as fast as possible. */
      rate?: number;
      /** Number of connections to use; absent means all. */
      connections?: number;
      /** Return each call's time and latency too. */
      samples?: boolean;
    };

/** A call: its start, by the monotonic clock that all processes share, and its latency; both in milliseconds. */
export interface CallSample {
  at: number;
  took: number;
  ok: boolean;
}

/** The result of a storm; milliseconds, times by the same clock. */
export interface StormResult {
  begun: number;
  ended: number;
  /** Until each agent had the answer to its first heartbeat. */
  p50: number;
  p99: number;
  /** Connections and heartbeats that failed and were retried. */
  failed: number;
}

/** The result of a run; latencies in milliseconds. */
export interface LoadResult {
  calls: number;
  failed: number;
  seconds: number;
  perSecond: number;
  p50: number;
  p99: number;
  worst: number;
  samples?: CallSample[];
}

let sessions: ClientHttp2Session[] = [];
let machines = 0;
/** The number of keys of all agents, and the key of the first connection. */
let keys = 0;
let firstKey = 0;
/** By connection, which of its key's machines had the last heartbeat. */
let turns: number[] = [];
/** By connection, the run of an agent that watches. */
let runs: Buffer[] = [];
let open: (c: number) => ClientHttp2Session = () => {
  throw new Error("the order to connect comes first");
};

function machineId(i: number): string {
  const hex = createHash("md5").update(`machine ${i}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A message with a machine id and, if there is one, a run id, after gRPC's five-byte prefix. `runTag`: the run's field. */
function messageFrame(i: number, runId: Buffer | undefined, runTag: readonly number[]): Buffer {
  const id = Buffer.from(machineId(i), "latin1");
  const parts: Buffer[] = [Buffer.of(0x0a, id.length), id];
  if (runId !== undefined) {
    parts.push(Buffer.of(...runTag, runId.length), runId);
  }
  const message = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]);
}

/** AgentHeartbeatRequest; the run is field 100. */
function heartbeatFrame(i: number, runId?: Buffer): Buffer {
  return messageFrame(i, runId, [0xa2, 0x06]);
}

/** WatchRequest; the run is field 3. */
function watchFrame(i: number, runId: Buffer): Buffer {
  return messageFrame(i, runId, [0x1a]);
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Resolves to the seconds that connecting took. */
async function connectAll(order: LoadOrder & { order: "connect" }): Promise<number> {
  ({ machines, first: firstKey = 0 } = order);
  keys = order.keys.length;
  // Made before anything is measured: a certificate costs more than a handshake.
  const contexts = order.keys
    .slice(firstKey, firstKey + order.connections)
    .map(({ privateKey }) =>
      createSecureContext({ cert: selfSignedCertificate(privateKey, "bench"), key: ed25519PrivateKeyPem(privateKey) }),
    );
  open = (c) =>
    connect(`https://127.0.0.1:${order.port}`, {
      secureContext: contexts[c % contexts.length],
      rejectUnauthorized: false,
      servername: "localhost",
    });
  const begun = performance.now();
  // A few handshakes at a time: a thousand would exceed their own timeouts.
  for (let first = 0; first < order.connections; first += 20) {
    const count = Math.min(20, order.connections - first);
    const opened = await Promise.all(
      Array.from({ length: count }, (_, offset) => {
        const session = open(first + offset);
        return new Promise<ClientHttp2Session>((resolve, reject) => {
          session.once("connect", () => resolve(session));
          session.once("error", reject);
        });
      }),
    );
    sessions.push(...opened);
  }
  return (performance.now() - begun) / 1_000;
}

async function storm({ count = sessions.length, pace }: LoadOrder & { order: "storm" }): Promise<StormResult> {
  if (pace === undefined) {
    for (const session of sessions.slice(0, count)) {
      session.destroy();
    }
  }
  const stormBegun = now();
  const took: number[] = [];
  let failed = 0;
  const back = await Promise.all(
    Array.from({ length: count }, async (_, c) => {
      if (pace !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, (c / pace) * 1_000));
        sessions[c]?.destroy();
      }
      const begun = now();
      for (let attempt = 0; ; attempt += 1) {
        const session = await stormOne(c);
        if (session !== undefined) {
          took.push(now() - begun);
          return session;
        }
        failed += 1;
        // Like agents: half of a step that doubles up to a minute, plus a random part.
        const step = Math.min(60_000, 1_000 * 2 ** attempt);
        await new Promise((resolve) => setTimeout(resolve, step / 2 + (step / 2) * Math.random()));
      }
    }),
  );
  sessions.splice(0, count, ...back);
  const ended = now();
  const sorted = took.toSorted((a, b) => a - b);
  const quantile = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return { begun: stormBegun, ended, p50: quantile(0.5), p99: quantile(0.99), failed };
}

/** The connection once its first heartbeat was answered; undefined if that failed. */
function stormOne(c: number): Promise<ClientHttp2Session | undefined> {
  return new Promise((resolve) => {
    const session = open(c);
    session.on("error", () => undefined); // "close" follows.
    const stream = session.request({
      ":method": "POST",
      ":path": heartbeatPath,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let status = "";
    stream.on("response", (response) => {
      status = String(response["grpc-status"] ?? status);
    });
    stream.on("trailers", (trailers) => {
      status = String(trailers["grpc-status"] ?? status);
    });
    stream.on("error", () => undefined);
    stream.resume();
    const timer = setTimeout(() => session.destroy(), callDeadline);
    stream.once("close", () => {
      clearTimeout(timer);
      if (status === "0") {
        resolve(session);
      } else {
        session.destroy();
        resolve(undefined);
      }
    });
    stream.end(heartbeatFrame(firstKey + c));
  });
}

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
/** Milliseconds for a call, like the agent's. */
const callDeadline = 20_000;
const watchPath = "/farrier.agent.v1.AgentService/Watch";
const idLength = 36;
let stopping = (): void => undefined;
let arrivals: { machine: number; at: bigint }[] = [];

/** Resolves when the connection is open. */
async function push({ port, from, to }: LoadOrder & { order: "push" }): Promise<void> {
  const numbers = new Map(Array.from({ length: to - from }, (_, i) => [machineId(from + i), from + i] as const));
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  let said = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    const at = process.hrtime.bigint();
    said += chunk;
    for (; said.length >= idLength; said = said.slice(idLength)) {
      const machine = numbers.get(said.slice(0, idLength));
      if (machine !== undefined) {
        arrivals.push({ machine, at });
      }
    }
  });
  socket.on("error", () => undefined);
  stopping = () => socket.destroy();
  await once(socket, "secureConnect");
}

/** Resolves when every stream has been accepted. */
async function watch(): Promise<void> {
  runs = sessions.map(() => randomBytes(16));
  await Promise.all(
    sessions.map(
      (session, c) =>
        new Promise<void>((resolve, reject) => {
          const stream = session.request({
            ":method": "POST",
            ":path": watchPath,
            "content-type": "application/grpc",
            te: "trailers",
          });
          stream.once("error", reject);
          stream.on("data", (frame: Buffer) => {
            // gRPC's five-byte prefix, then field 1: a request.
            if (frame[5] === 0x0a) {
              arrivals.push({ machine: firstKey + c, at: process.hrtime.bigint() });
            }
          });
          stream.end(watchFrame(firstKey + c, runs[c] ?? Buffer.alloc(16)));
          session.ping((error) => (error === null ? resolve() : reject(error)));
        }),
    ),
  );
}

async function run(order: LoadOrder & { order: "run" }): Promise<LoadResult> {
  const used = sessions.slice(0, order.connections);
  const latencies: number[] = [];
  const samples: CallSample[] = [];
  let failed = 0;
  const begun = performance.now();
  const end = begun + order.seconds * 1000;
  const gap = order.rate === undefined ? 0 : (used.length / order.rate) * 1000;
  const headers = {
    ":method": "POST",
    ":path": order.path,
    "content-type": "application/grpc",
    te: "trailers",
  };
  await Promise.all(
    used.map(
      (session, c) =>
        new Promise<void>((resolve) => {
          // A connection speaks for every machine with its key, in turn.
          const key = firstKey + c;
          const perKey = Math.max(1, Math.ceil((machines - key) / keys));
          let next = begun + gap * Math.random();
          const call = (): void => {
            const sent = performance.now();
            if (sent >= end) {
              resolve();
              return;
            }
            const stream = session.request(headers, { endStream: false });
            let status = "";
            stream.on("response", (response) => {
              status = String(response["grpc-status"] ?? status);
            });
            stream.on("trailers", (trailers) => {
              status = String(trailers["grpc-status"] ?? status);
            });
            stream.on("error", () => undefined);
            stream.resume();
            stream.once("close", () => {
              const took = performance.now() - sent;
              const ok = status === "0" && stream.rstCode === constants.NGHTTP2_NO_ERROR;
              latencies.push(took);
              failed += ok ? 0 : 1;
              if (order.samples === true) {
                samples.push({ at: now() - took, took, ok });
              }
              next += gap;
              const wait = gap === 0 ? 0 : next - performance.now();
              if (next >= end && gap !== 0) {
                resolve();
              } else if (wait > 1) {
                setTimeout(call, wait);
              } else {
                call();
              }
            });
            const turn = ((turns[c] ?? -1) + 1) % perKey;
            turns[c] = turn;
            stream.end(heartbeatFrame(key + turn * keys, runs[c]));
          };
          if (gap === 0) {
            call();
          } else if (next >= end) {
            resolve();
          } else {
            setTimeout(call, Math.max(0, next - performance.now()));
          }
        }),
    ),
  );
  // The last calls may be answered after the end; with a rate, the last of them end before it.
  const seconds = Math.max(order.seconds, (performance.now() - begun) / 1000);
  const sorted = Float64Array.from(latencies).toSorted();
  const quantile = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return {
    calls: latencies.length,
    failed,
    seconds,
    perSecond: latencies.length / seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
    worst: sorted.at(-1) ?? 0,
    ...(order.samples === true ? { samples } : {}),
  };
}

async function handle(order: LoadOrder): Promise<unknown> {
  switch (order.order) {
    case "connect":
      return connectAll(order);
    case "storm":
      return storm(order);
    case "push":
      return push(order);
    case "watch":
      return watch();
    case "run":
      return run(order);
    case "arrivals": {
      const seen = arrivals;
      arrivals = [];
      return seen;
    }
    case "close":
      closeAll();
      return undefined;
  }
}

function closeAll(): void {
  for (const session of sessions) {
    session.destroy();
  }
  sessions = [];
  turns = [];
  runs = [];
}

serve(handle, async () => {
  stopping();
  closeAll();
});
