import { join } from "node:path";
import type { UpOptions } from "./options.ts";
import type { DatabaseAddress } from "../database/address/database-address.ts";
import { cacheUrls } from "../cache/cache-urls.ts";
import { poolFor, type PoolPurpose } from "../database/connection/pools.ts";
import { systemClock } from "../lib/clock.ts";
import { portOfUrl } from "../lib/net/address-guard.ts";
import { formatHostPort, type HostPort } from "../lib/net/host-port.ts";
import type { Logger } from "../lib/log.ts";
import { ipxeDirectory } from "../netboot/ipxe-files.ts";
import { netbootServe } from "../netboot/serve.ts";
import { rolloutRequester } from "../operator-api/rollout/rollout-requester.ts";
import { templateRenderer } from "../profiles/template-renderer.ts";
import { shepherdRun } from "../shepherd/run.ts";
import { inventoryGuard } from "./parts/own-ports.ts";
import { controllerAccess } from "./parts/controller-access.ts";
import { takeoverAccess } from "./parts/takeover-access.ts";
import { controlPlaneStart } from "./control-plane.ts";
import { labDirectory, labOf, providersOf, unlistedProvider } from "./providers.ts";

/** The address by which QEMU guests with user networking reach this host's loopback. */
const hostOfGuests = "10.0.2.2";

/**
 * What `farrier up` serves on a running database: server, network boot, shepherd. When it resolves, all of them serve,
 * and standard output says so. In a file of its own, so that it can be loaded while the database starts.
 * `options.dataDir` must be absolute.
 */
export async function upServe(options: UpOptions, address: DatabaseAddress, log: Logger): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const bootImages = options.bootImages ?? join(options.dataDir, "boot-image");
  let netbootAddress: HostPort | undefined;
  const server = stack.use(
    await controlPlaneStart({
      dataDir: options.dataDir,
      agents: options.agents,
      operators: options.operators,
      cameUp: options.cameUp,
      serverNames: options.serverNames,
      otherNames: [hostOfGuests],
      tls: undefined,
      operatorNames: options.operatorNames,
      operatorTls: options.operatorTls,
      databaseAddress: address,
      secretsKey: options.secretsKey,
      migrate: true,
      cache: options.netboot === undefined ? undefined : options.cache,
      // No other host reaches an embedded database.
      offered: options.databaseUrl === undefined ? undefined : bootImages,
      ownPorts: () => (netbootAddress === undefined ? [] : [netbootAddress.port]),
      log,
    }),
  );
  const { metrics } = server;
  const open = (purpose: PoolPurpose) =>
    stack.use(poolFor(purpose, address, { log, failed: (code) => metrics.databaseErrors.inc({ code }) }));
  if (options.netboot !== undefined) {
    const netboot = stack.use(
      await netbootServe({
        address: options.netboot,
        database: open("netboot"),
        bootImages,
        storedBootImages: server.cache?.bootImages,
        ipxeFiles: ipxeDirectory,
        agents: { port: server.agents.port },
        guestsReach: hostOfGuests,
        machinesReach: options.serverNames[0],
        caCertificate: server.caCertificate,
        kernelArguments: options.kernelArguments,
        mediaUrl: options.mediaUrl,
        images: server.cache?.images,
        metrics,
        log,
        clock: systemClock,
      }),
    );
    netbootAddress = netboot.address;
    if (server.cache !== undefined) {
      const known = { given: options.cache?.url, name: options.serverNames[0], guestsReach: hostOfGuests };
      stack.use(server.cache.keep(cacheUrls(netboot.address, known)));
    }
    process.stdout.write(`network boot on http://${formatHostPort(netboot.address)}\n`);
  }
  const lab = await labOf(labDirectory(options.dataDir), log, netbootAddress);
  const listening = (): HostPort[] => [
    { host: options.agents.host, port: server.agents.port },
    { host: options.operators.host, port: portOfUrl(new URL(server.operators)) },
    ...(netbootAddress === undefined ? [] : [netbootAddress]),
  ];
  const configured = stack.use(
    await providersOf([lab], {
      file: options.providers,
      guard: () => inventoryGuard(options.dataDir, address, listening()),
      netboot: netbootAddress,
      log,
    }),
  );
  const shepherdDatabase = open("shepherd");
  stack.use(
    shepherdRun({
      database: shepherdDatabase,
      sessionDatabase: open("session"),
      log,
      clock: systemClock,
      metrics,
      configured,
      unlisted: unlistedProvider,
      secrets: server.secrets,
      requester: rolloutRequester({
        database: shepherdDatabase,
        secrets: server.secrets,
        templates: templateRenderer(),
      }),
      controllers: controllerAccess(shepherdDatabase, server.secrets, metrics),
      takeovers: takeoverAccess(shepherdDatabase, server.secrets, {
        bootImages,
        agents: { port: server.agents.port },
        caCertificate: () => Promise.resolve(server.caCertificate),
        kernelArguments: options.kernelArguments,
      }),
      address,
    }),
  );
  process.stdout.write(`ready: agents on ${formatHostPort(server.agents)}, operators on ${server.operators}\n`);
  return stack.move();
}
