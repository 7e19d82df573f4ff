// The measured server: the agent API as `farrier server` serves it, with two more methods on the same listener.
import { randomUUID } from "node:crypto";
import type { handleUnaryCall } from "@grpc/grpc-js";
import pg from "pg";
import type { AgentCalls } from "../../src/agent-api/agent-call.ts";
import { agentApiServe } from "../../src/agent-api/serve.ts";
import type { DatabaseAddress } from "../../src/database/address/database-address.ts";
import { connect, connectionSettings } from "../../src/database/connect.ts";
import { sessionHold } from "../../src/database/session-holder.ts";
import { testKeyRing } from "../../src/secrets/testing/key-ring.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { ed25519KeyPair, ed25519PrivateKeyPem } from "../../src/lib/tls/ed25519.ts";
import { createLogger } from "../../src/lib/log.ts";
import { selfSignedCertificate } from "../../src/lib/tls/self-signed.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { operatorsServe } from "./operators.ts";
import { memory } from "./memory.ts";
import { serve } from "./processes.ts";
import { profileStart, type ProfileSummary } from "./profile.ts";
import { threeTransactions } from "./three-transactions.ts";

/** The empty call: the same bytes in, the same (none) out, without any processing. */
export const emptyPath = "/farrier.bench.BenchService/Empty";
/** A heartbeat in the original system's form: three transactions, each of which checks its session. */
export const threePath = "/farrier.bench.BenchService/ThreeTransactions";
export const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";

/** Serves agents on that database; on a port that several workers share if requested. */
interface Order {
  database: DatabaseAddress;
  shared?: boolean;
  port?: number;
  /** Serves operators too, with this token. */
  operatorToken?: string;
}

const stack = new AsyncDisposableStack();

async function start({
  database: databaseAddress,
  shared = false,
  port = 0,
  operatorToken,
}: Order): Promise<{ port: number; operators?: string }> {
  const log = createLogger({ level: "warn", component: "bench" });
  const database = stack.use(connect(databaseAddress, { log }));
  const sessions = stack.use(sessionHold(database, { component: "server", log, clock: systemClock }));
  const session = await sessions.next();
  const { privateKey } = ed25519KeyPair();
  const nothing = Buffer.alloc(0);
  const empty =
    (calls: AgentCalls): handleUnaryCall<Buffer, Buffer> =>
    (call, respond) => {
      // Otherwise its connection would count as a stranger's, and be closed after 10 s.
      calls.peer(call.metadata).admitted?.();
      respond(null, nothing);
    };
  const pool = new pg.Pool({ ...databaseAddress, ...connectionSettings, max: 16 });
  stack.defer(() => pool.end());
  const api = stack.use(
    await agentApiServe({
      address: { host: "127.0.0.1", port, shared },
      certificate: {
        certificatePem: selfSignedCertificate(privateKey, "localhost"),
        keyPem: ed25519PrivateKeyPem(privateKey),
      },
      database,
      secrets: testKeyRing(),
      databaseAddress,
      sessions,
      metrics: createMetrics(),
      log,
      clock: systemClock,
      extraMethods: (calls) => [
        { path: emptyPath, kind: "unary", handler: empty(calls) },
        { path: threePath, kind: "unary", handler: threeTransactions(pool, session.id, calls) },
      ],
    }),
  );
  const operators =
    operatorToken === undefined
      ? {}
      : { operators: stack.use(await operatorsServe(databaseAddress, database, operatorToken, log)).url };
  return { port: api.address.port, ...operators };
}

// The pool's name in pg_stat_activity must differ between runs.
process.title = `farrier bench server ${randomUUID().slice(0, 8)}`;

let profiled: () => Promise<ProfileSummary> = () => Promise.reject(new Error("no profile was begun"));

async function handle(order: Order | "memory" | "profile" | "profiled"): Promise<unknown> {
  switch (order) {
    case "memory":
      return memory();
    case "profile":
      profiled = await profileStart();
      return undefined;
    case "profiled":
      return profiled();
    default:
      return start(order);
  }
}

serve(handle, () => stack.disposeAsync());
