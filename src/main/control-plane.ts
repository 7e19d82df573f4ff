import { hostname } from "node:os";
import { join } from "node:path";
import { agentApiServe } from "../agent-api/serve.ts";
import { cacheServe } from "../cache/cache-serve.ts";
import { cacheUrls } from "../cache/cache-urls.ts";
import { mirrorHandOut } from "../cache/hand-out.ts";
import { imageAgain } from "../catalogue/image-again.ts";
import { imageFetchRun } from "../catalogue/fetch-loop.ts";
import { imageRoom } from "../catalogue/image-room.ts";
import type { DatabaseAddress } from "../database/address/database-address.ts";
import { migrate, migrateCheck } from "../database/migrate.ts";
import { poolFor, type PoolPurpose } from "../database/connection/pools.ts";
import { sessionHold } from "../database/session-holder.ts";
import type { OwnHost } from "../events/webhook-send.ts";
import { webhooksRun } from "../events/webhooks-run.ts";
import { janitorRun } from "../janitor/run.ts";
import { systemClock } from "../lib/clock.ts";
import { cloudInitSchema } from "../profiles/cloud-init-schema.ts";
import { portOfUrl } from "../lib/net/address-guard.ts";
import { formatHostPort, type HostPort } from "../lib/net/host-port.ts";
import type { Logger } from "../lib/log.ts";
import { createMetrics, type Metrics } from "../metrics/metrics.ts";
import { consoleSessionsLocalEnd } from "../database/queries/console/console-sessions-local-end.ts";
import { databaseAuthenticator } from "../operator-api/caller/authenticator.ts";
import { targetDoubt } from "../contract/came-up/target-doubt.ts";
import { cameUpAnnounce } from "../came-up/announce.ts";
import { cameUpServe } from "../came-up/serve.ts";
import { cameUpTarget } from "./parts/came-up-target.ts";
import { operatorApiListen } from "../operator-api/listener/listener.ts";
import { machineFeed } from "../operator-api/machine-feed.ts";
import { operatorAddressWrite, operatorTokenEnsure } from "../operator-api/caller/operator-files.ts";
import type { FollowedKeyRing } from "../secrets/key-ring-follow.ts";
import { databaseReach } from "./parts/database-reach.ts";
import { fleetMetricsFollow } from "../telemetry/fleet-metrics.ts";
import { tracingStart } from "../telemetry/tracing.ts";
import { imageCacheOpen, type ProcessCache } from "./parts/image-cache.ts";
import { ownPorts } from "./parts/own-ports.ts";
import { onLoopback } from "./parts/on-loopback.ts";
import { readiness } from "./parts/readiness.ts";
import { secretsFollow } from "./parts/secrets-follow.ts";
import { operatorTls, tlsFiles } from "./parts/tls-files.ts";
import type { OperatorTlsFiles } from "./options.ts";
import type { AgentTlsFiles, CameUpAddress, ImageCacheOptions } from "./options.ts";

/** The configuration of one server process. */
export interface ControlPlaneOptions {
  dataDir: string;
  agents: HostPort;
  operators: HostPort;
  /** Absent means that no reports of installed systems are taken. */
  cameUp?: CameUpAddress | undefined;
  serverNames: readonly string[];
  /** Further names for the certificate; never handed to agents as the endpoint. */
  otherNames?: readonly string[];
  tls: AgentTlsFiles | undefined;
  /** Host names of proxies that forward to the operator port. */
  operatorNames: readonly string[];
  operatorTls: OperatorTlsFiles;
  databaseAddress: DatabaseAddress;
  /** The file with the keys that seal secrets; absent means the one in the data directory. */
  secretsKey: string | undefined;
  /** Further ports of this host on which the control plane listens: images are never fetched from them. */
  ownPorts?: () => number[];
  /** The cache of images; absent = this process has none. */
  cache?: ImageCacheOptions | undefined;
  /** The folder of boot images that the cache offers to other hosts; absent = none. */
  offered?: string | undefined;
  /** Whether it may migrate the schema; otherwise it only checks it. */
  migrate: boolean;
  /** The metrics to serve if they are not only this process' own. */
  metricsText?: () => Promise<string>;
  log: Logger;
}

/** The running parts of a server process. */
export interface ControlPlane extends AsyncDisposable {
  metrics: Metrics;
  /** The keys that this process has. */
  secrets: FollowedKeyRing;
  agents: HostPort;
  /** Where installed systems report; absent if nothing listens for reports. */
  cameUp: HostPort | undefined;
  /** The operator API's URL. */
  operators: string;
  /** The cache of images, if it has one. */
  cache: ProcessCache | undefined;
  /** DER of the CA of the agent port's certificate; empty means the system's roots. */
  caCertificate: Uint8Array;
}

/**
 * Starts the server: agent API, operator API, janitor. When it resolves, all of them serve. Disposing drains them, in
 * reverse order.
 */
export async function controlPlaneStart(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { log, dataDir, databaseAddress } = options;
  const clock = systemClock;
  const metrics = createMetrics();
  await using stack = new AsyncDisposableStack();
  const open = (purpose: PoolPurpose) =>
    stack.use(poolFor(purpose, databaseAddress, { log, failed: (code) => metrics.databaseErrors.inc({ code }) }));
  const database = open("operators");
  const auditDatabase = open("audit");
  const sessionDatabase = open("session");
  const janitorDatabase = open("janitor");
  await databaseReach(database);
  await (options.migrate ? migrate(database.pool) : migrateCheck(database.pool));
  const tracing = await tracingStart({ env: process.env, log });
  if (tracing !== undefined) {
    stack.use(tracing);
  }
  fleetMetricsFollow({ database: janitorDatabase, metrics, clock, log });
  const token = await operatorTokenEnsure(dataDir, () => consoleSessionsLocalEnd(database));
  const tls = await tlsFiles(options);
  const secrets = stack.use(await secretsFollow({ ...options, database: sessionDatabase, mayMake: true, clock }));
  const sessions = stack.use(sessionHold(sessionDatabase, { component: "server", log, clock }));
  stack.use(janitorRun({ database: janitorDatabase, secrets, log, clock, metrics }));
  const mirrors = stack.use(mirrorHandOut({ database: janitorDatabase, ring: secrets, clock, log }));
  const agents = stack.use(
    await agentApiServe({
      handOut: (request) => mirrors.handOut(request),
      address: options.agents,
      certificate: { certificatePem: tls.serverCertificatePem, keyPem: tls.serverKeyPem },
      database: open("agent-calls"),
      databaseAddress,
      secrets,
      sessions,
      metrics,
      log,
      clock,
    }),
  );
  await sessions.next();
  await secrets.heldUnder(sessions);
  const cameUp =
    options.cameUp === undefined
      ? undefined
      : stack.use(
          await cameUpServe({
            address: options.cameUp.listen,
            certificate: { certificatePem: tls.serverCertificatePem, keyPem: tls.serverKeyPem },
            database: open("came-up"),
            metrics,
            log,
            clock,
          }),
        );
  const target = cameUp === undefined ? undefined : cameUpTarget(options, cameUp.address, tls.caCertificateDer);
  if (target !== undefined) {
    const doubt = targetDoubt(target.url);
    if (doubt !== undefined) {
      log.warn(doubt);
    }
    stack.use(await cameUpAnnounce(janitorDatabase, target, { clock, log }));
  }
  const feed = stack.use(machineFeed({ address: databaseAddress, log, clock }));
  const operationFeed = stack.use(machineFeed({ address: databaseAddress, log, clock, channel: "farrier_operation" }));
  // Which of this host's addresses may be called on behalf of operators.
  const own: { operators?: URL; cachePort?: number } = {};
  const listening = [options.agents, options.operators];
  const host: OwnHost = {
    loopbackAllowed: (await Promise.all(listening.map((address) => onLoopback(address)))).includes(true),
    ownPorts: async () => [
      agents.address.port,
      ...(own.operators === undefined ? [] : [portOfUrl(own.operators)]),
      ...(cameUp === undefined ? [] : [cameUp.address.port]),
      ...(own.cachePort === undefined ? [] : [own.cachePort]),
      ...(options.ownPorts?.() ?? []),
      ...(await ownPorts(dataDir, databaseAddress)),
    ],
  };
  const operators = stack.use(
    await operatorApiListen({
      address: options.operators,
      database,
      auditDatabase,
      secrets,
      secretsKeys: secrets,
      feed,
      operationFeed,
      host,
      tls: await operatorTls(options),
      proxyNames: options.operatorNames,
      userDataSchema: cloudInitSchema(),
      trace: tracing?.interceptor,
      authenticator: databaseAuthenticator({ database, localToken: token, log, clock }),
      agents: { endpoint: endpointOf(agents.address, options.serverNames), caCertificate: tls.caCertificateDer },
      counters: {
        called: ({ method, code, seconds }) => metrics.operatorCalls.observe({ method, code }, seconds),
        unauthenticated: (why) => {
          metrics.refusedCalls.inc({ listener: "operators" });
          if (why === "limited") {
            metrics.limitedAttempts.inc();
          }
        },
      },
      probes: {
        ready: readiness({ sessions, database: sessionDatabase, secrets }),
        metrics: options.metricsText ?? (() => metrics.registry.metrics()),
      },
      log,
    }),
  );
  own.operators = new URL(operators.url);
  await operatorAddressWrite(dataDir, operators.url);
  const fetching = {
    database: janitorDatabase,
    secrets,
    directory: join(dataDir, "images", "work"),
    guard: host,
    room: imageRoom,
    log,
  };
  const cache =
    options.cache === undefined
      ? undefined
      : await imageCacheOpen({
          ...options.cache,
          cacheRoom: options.cache.room,
          offered: options.offered,
          ...{ dataDir, database: janitorDatabase, secrets, origin: imageAgain(fetching), clock, metrics, log },
        });
  if (cache !== undefined && options.cache?.listen !== undefined) {
    const listener = stack.use(await cacheServe({ address: options.cache.listen, images: cache.images, log }));
    own.cachePort = listener.address.port;
    stack.use(cache.keep(cacheUrls(listener.address, { given: options.cache.url, name: options.serverNames[0] })));
  }
  stack.use(
    imageFetchRun({
      ...fetching,
      sessions,
      keep: async (digest, file) => cache?.keepFile(digest, file),
      clock,
      metrics,
    }),
  );
  stack.use(webhooksRun({ database: open("webhooks"), sessions, secrets, host, log, clock, metrics }));
  const release = stack.move();
  return {
    metrics,
    secrets,
    cache,
    agents: agents.address,
    cameUp: cameUp?.address,
    operators: operators.url,
    caCertificate: tls.caCertificateDer,
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}

/** How agents reach the listener: a wildcard address is of no use to them. */
function endpointOf(address: HostPort, serverNames: readonly string[]): string {
  const wildcard = address.host === "" || address.host === "0.0.0.0" || address.host === "::";
  return formatHostPort(wildcard ? { host: serverNames[0] ?? hostname(), port: address.port } : address);
}
