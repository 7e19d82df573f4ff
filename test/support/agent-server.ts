import type { TimeLimits } from "../../src/agent-api/limits.ts";
import type { AgentListener } from "../../src/agent-api/listener/listener.ts";
import { agentApiServe, type AgentApiOptions } from "../../src/agent-api/serve.ts";
import { type SessionHolder, sessionHold } from "../../src/database/session-holder.ts";
import type { KeyRing } from "../../src/secrets/key-ring.ts";
import { testKeyRing } from "../../src/secrets/testing/key-ring.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { ed25519KeyPair } from "../../src/lib/tls/ed25519.ts";
import type { Logger } from "../../src/lib/log.ts";
import { createMetrics, type Metrics } from "../../src/metrics/metrics.ts";
import { type AgentClient, agentClient, identityOf } from "./agent-client.ts";
import { type Fleet, silent, testFleet, type TestMachine } from "./fleet.ts";

/** The agent API on a free port of loopback, over a database of its own. */
export interface AgentServer extends AsyncDisposable {
  fleet: Fleet;
  sessions: SessionHolder;
  metrics: Metrics;
  port: number;
  api: AgentListener;
  /** A connection of the machine's agent, closed with the server. */
  client(machine: TestMachine): AgentClient;
  /** A machine with an agent, and its connection. */
  agent(): Promise<{ machine: TestMachine; client: AgentClient }>;
}

/** Serves, once there is a session. */
export async function agentServer(
  options: {
    log?: Logger;
    secrets?: KeyRing;
    databaseAddress?: AgentApiOptions["databaseAddress"];
    times?: TimeLimits;
    maximumWaiting?: number;
    maximumConnections?: number;
    /** Otherwise a self-signed certificate. */
    certificate?: AgentApiOptions["certificate"];
  } = {},
): Promise<AgentServer> {
  await using stack = new AsyncDisposableStack();
  const log = options.log ?? silent;
  const fleet = stack.use(await testFleet());
  const sessions = stack.use(sessionHold(fleet.database, { component: "server", log, clock: systemClock }));
  await sessions.next();
  const metrics = createMetrics();
  const identity = identityOf(ed25519KeyPair());
  const api = stack.use(
    await agentApiServe({
      address: { host: "127.0.0.1", port: 0 },
      certificate: options.certificate ?? { certificatePem: identity.certificate, keyPem: identity.key },
      database: fleet.database,
      secrets: options.secrets ?? testKeyRing(),
      databaseAddress: options.databaseAddress ?? fleet.test.connection,
      sessions,
      metrics,
      log,
      clock: systemClock,
      ...(options.times === undefined ? {} : { times: options.times }),
      ...(options.maximumWaiting === undefined ? {} : { maximumWaiting: options.maximumWaiting }),
      ...(options.maximumConnections === undefined ? {} : { maximumConnections: options.maximumConnections }),
    }),
  );
  const clients = stack.use(new DisposableStack());
  const { port } = api.address;
  const client = (machine: TestMachine): AgentClient =>
    clients.use(agentClient(port, identityOf(machine.agent), machine.machineId));
  const release = stack.move();
  return {
    fleet,
    sessions,
    metrics,
    port,
    api,
    client,
    agent: async () => {
      const machine = await fleet.add();
      return { machine, client: client(machine) };
    },
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}
