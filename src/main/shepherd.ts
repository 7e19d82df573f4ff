import { join } from "node:path";
import type { ShepherdOptions } from "./options.ts";
import { migrateCheck } from "../database/migrate.ts";
import { poolFor } from "../database/connection/pools.ts";
import { systemClock } from "../lib/clock.ts";
import { formatHostPort } from "../lib/net/host-port.ts";
import { createLogger } from "../lib/log.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { rolloutRequester } from "../operator-api/rollout/rollout-requester.ts";
import { templateRenderer } from "../profiles/template-renderer.ts";
import { shepherdRun } from "../shepherd/run.ts";
import { databaseAddress, databaseReach } from "./parts/database-reach.ts";
import { labOf, providersOf, unlistedProvider } from "./providers.ts";
import { controllerAccess } from "./parts/controller-access.ts";
import { inventoryGuard } from "./parts/own-ports.ts";
import { secretsFollow } from "./parts/secrets-follow.ts";
import { agentCa, takeoverAccess } from "./parts/takeover-access.ts";
import { untilStopped } from "./parts/until-stopped.ts";

/** The agent API's default port. */
const agentPort = 8443;

/** `farrier shepherd`: the loops that look after agents, on a given PostgreSQL. Resolves to the exit status. */
export async function shepherdProcess(options: ShepherdOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "shepherd" });
  const stopped = untilStopped();
  const address = databaseAddress(options.databaseUrl);
  await using database = poolFor("shepherd", address, { log });
  await using sessionDatabase = poolFor("session", address, { log });
  await databaseReach(database);
  await migrateCheck(database.pool);
  const given = options.lab === undefined ? [] : [await labOf(options.lab, log, options.netboot)];
  await using configured = await providersOf(given, {
    file: options.providers,
    guard: () => inventoryGuard(options.dataDir, address),
    netboot: options.netboot,
    log,
  });
  await using secrets = await secretsFollow({
    ...options,
    database: sessionDatabase,
    mayMake: false,
    log,
    clock: systemClock,
  });
  const metrics = createMetrics();
  await using _shepherd = shepherdRun({
    database,
    sessionDatabase,
    log,
    clock: systemClock,
    metrics,
    configured,
    unlisted: unlistedProvider,
    secrets,
    requester: rolloutRequester({ database: database, secrets: secrets, templates: templateRenderer() }),
    controllers: controllerAccess(database, secrets, metrics),
    takeovers: takeoverAccess(database, secrets, {
      bootImages: options.bootImages ?? join(options.dataDir, "boot-image"),
      agents: options.agents === undefined ? { port: agentPort } : { endpoint: formatHostPort(options.agents) },
      caCertificate: () => agentCa(options),
      kernelArguments: options.kernelArguments,
    }),
    address,
  });
  process.stdout.write("ready\n");
  log.info({ signal: await stopped }, "stopping");
  return 0;
}
