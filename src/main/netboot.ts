import { join } from "node:path";
import type { NetbootOptions } from "./options.ts";
import { migrateCheck } from "../database/migrate.ts";
import { cacheUrls } from "../cache/cache-urls.ts";
import { poolFor } from "../database/connection/pools.ts";
import { systemClock } from "../lib/clock.ts";
import { priorityLower } from "../lib/host/priority-lower.ts";
import { formatHostPort } from "../lib/net/host-port.ts";
import { describeError } from "../lib/errors.ts";
import { createLogger } from "../lib/log.ts";
import { checkTime } from "../lib/tls/chain.ts";
import { parseCertificates, readPem } from "../lib/tls/pem.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { dhcpRange } from "../netboot/dnsmasq/options.ts";
import { dnsmasqRun } from "../netboot/dnsmasq/run.ts";
import { ipxeDirectory } from "../netboot/ipxe-files.ts";
import { netbootServe } from "../netboot/serve.ts";
import { netbootAddressWrite } from "./parts/own-ports.ts";
import { netbootCache } from "./parts/netboot-cache.ts";
import { databaseAddress, databaseReach } from "./parts/database-reach.ts";
import { untilStopped } from "./parts/until-stopped.ts";

/** The agent API's default port. */
const agentPort = 8443;

/** `farrier netboot`: network boot, on a given PostgreSQL. Resolves to the exit status. */
export async function netbootProcess(options: NetbootOptions): Promise<number> {
  const { dataDir, agents } = options;
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "netboot" });
  // Files for a hundred machines fill a core: a server on the same host goes first.
  await priorityLower().catch((error: unknown) =>
    log.warn({ error: describeError(error) }, "the priority of this process could not be lowered"),
  );
  const stopped = untilStopped();
  const metrics = createMetrics();
  const caFile = options.caFile ?? join(dataDir, "tls", "ca.pem");
  const [authority] = parseCertificates(await readPem(caFile), caFile);
  checkTime(authority === undefined ? [] : [authority], caFile);
  await using database = poolFor("netboot", databaseAddress(options.databaseUrl), { log });
  await databaseReach(database);
  await migrateCheck(database.pool);
  await using cached =
    options.cache === undefined
      ? undefined
      : await netbootCache({ ...options, cache: options.cache }, { database, metrics, log });
  await using netboot = await netbootServe({
    images: cached?.images,
    address: options.listen,
    database,
    bootImages: options.bootImages ?? join(dataDir, "boot-image"),
    storedBootImages: cached?.bootImages,
    ipxeFiles: ipxeDirectory,
    agents: agents === undefined ? { port: agentPort } : { endpoint: formatHostPort(agents) },
    caCertificate: authority?.raw ?? new Uint8Array(),
    kernelArguments: options.kernelArguments,
    mediaUrl: options.mediaUrl,
    metrics,
    log,
    clock: systemClock,
  });
  // Best effort: the other processes of this host then fetch nothing from it.
  await netbootAddressWrite(dataDir, netboot.address).catch((error: unknown) =>
    log.warn({ error: describeError(error) }, "the address of network boot could not be written to the data directory"),
  );
  await using _keeping = cached?.keep(cacheUrls(netboot.address, { given: options.cache?.url ?? options.mediaUrl }));
  const { dhcp } = options;
  await using _dnsmasq =
    dhcp === undefined
      ? undefined
      : await dnsmasqRun({
          dhcp: { ...dhcp, mode: dhcp.range === undefined ? { kind: "proxy" } : dhcpRange(dhcp.range) },
          httpPort: netboot.address.port,
          ipxeFiles: ipxeDirectory,
          directory: join(dataDir, "netboot"),
          log,
          clock: systemClock,
        });
  process.stdout.write(`ready: network boot on http://${formatHostPort(netboot.address)}\n`);
  log.info({ signal: await stopped }, "stopping");
  return 0;
}
