// The load: many connections with one call in flight each, over bare node:http2, so that the generator costs as little as
// it can of the cores it shares with what is measured.
import { createHash } from "node:crypto";
import { connect, constants, type ClientHttp2Session } from "node:http2";
import { ed25519PrivateKeyPem, type Ed25519KeyPair } from "../../src/lib/ed25519.ts";
import { selfSignedCertificate } from "../../src/lib/self-signed.ts";
import { fleetKeys } from "./fleet.ts";
import { serve } from "./processes.ts";

/** What the generator is told. */
export type LoadOrder =
  | { order: "connect"; port: number; connections: number; keys: Ed25519KeyPair[]; machines: number }
  /** Opens a Watch on each connection c, for machine c. */
  | { order: "watch" }
  /** When each machine's request came, in nanoseconds of the monotonic clock; forgotten by this. */
  | { order: "arrivals" }
  | { order: "close" }
  | {
      order: "run";
      path: string;
      seconds: number;
      /** Calls a second over all connections; absent = as many as go. */
      rate?: number;
      /** Connections to use; absent = all. */
      connections?: number;
    };

/** What a run came to; latencies in milliseconds. */
export interface LoadResult {
  calls: number;
  failed: number;
  seconds: number;
  perSecond: number;
  p50: number;
  p99: number;
}

let sessions: ClientHttp2Session[] = [];
let machines = 0;

function machineId(i: number): string {
  const hex = createHash("md5").update(`machine ${i}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** AgentHeartbeatRequest with a machine id alone, behind gRPC's five bytes. */
function heartbeatFrame(i: number): Buffer {
  const id = Buffer.from(machineId(i), "latin1");
  return Buffer.concat([Buffer.from([0, 0, 0, 0, id.length + 2, 0x0a, id.length]), id]);
}

async function open(order: LoadOrder & { order: "connect" }): Promise<void> {
  ({ machines } = order);
  const certificates = order.keys.map((key) => ({
    cert: selfSignedCertificate(key.privateKey, "bench"),
    key: ed25519PrivateKeyPem(key.privateKey),
  }));
  // A few handshakes at once: a thousand would run into their own timeouts.
  for (let first = 0; first < order.connections; first += 20) {
    const count = Math.min(20, order.connections - first);
    const opened = await Promise.all(
      Array.from({ length: count }, (_, offset) => {
        const session = connect(`https://127.0.0.1:${order.port}`, {
          ...certificates[(first + offset) % fleetKeys],
          rejectUnauthorized: false,
          servername: "localhost",
        });
        return new Promise<ClientHttp2Session>((resolve, reject) => {
          session.once("connect", () => resolve(session));
          session.once("error", reject);
        });
      }),
    );
    sessions.push(...opened);
  }
}

const watchPath = "/farrier.agent.v1.AgentService/Watch";
let arrivals: { machine: number; at: bigint }[] = [];

/** Resolves when every stream has been accepted. */
async function watch(): Promise<void> {
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
            // gRPC's five bytes, then field 1: a request.
            if (frame[5] === 0x0a) {
              arrivals.push({ machine: c, at: process.hrtime.bigint() });
            }
          });
          stream.end(heartbeatFrame(c));
          session.ping((error) => (error === null ? resolve() : reject(error)));
        }),
    ),
  );
}

async function run(order: LoadOrder & { order: "run" }): Promise<LoadResult> {
  const used = sessions.slice(0, order.connections);
  const latencies: number[] = [];
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
          // Connection c has key c mod 256: it speaks for every machine with that key, in turn.
          const key = c % fleetKeys;
          const perKey = Math.max(1, Math.floor((machines - key + fleetKeys - 1) / fleetKeys));
          const sharing = Math.ceil((used.length - key) / fleetKeys);
          let turn = Math.floor(((c - key) / fleetKeys) * (perKey / Math.max(1, sharing)));
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
              latencies.push(performance.now() - sent);
              if (status !== "0" || stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
                failed += 1;
              }
              next += gap;
              const wait = gap === 0 ? 0 : next - performance.now();
              if (wait > 1) {
                setTimeout(call, wait);
              } else {
                call();
              }
            });
            turn = (turn + 1) % perKey;
            stream.end(heartbeatFrame(key + turn * fleetKeys));
          };
          if (gap === 0) {
            call();
          } else {
            setTimeout(call, Math.max(0, next - performance.now()));
          }
        }),
    ),
  );
  const seconds = (performance.now() - begun) / 1000;
  const sorted = Float64Array.from(latencies).toSorted();
  const quantile = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return {
    calls: latencies.length,
    failed,
    seconds,
    perSecond: latencies.length / seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}

async function handle(order: LoadOrder): Promise<unknown> {
  switch (order.order) {
    case "connect":
      return open(order);
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
      return closeAll();
  }
}

async function closeAll(): Promise<void> {
  for (const session of sessions) {
    session.destroy();
  }
  sessions = [];
}

serve(handle, closeAll);
