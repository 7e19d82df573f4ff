import { join } from "node:path";
import type { UpOptions } from "../cli/starters.ts";
import type { DatabaseAddress } from "../database/address/database-address.ts";
import { dataDirectoryOpen } from "../database/embedded/data-directory.ts";
import { embeddedStart } from "../database/embedded/embedded.ts";
import { poolFor, type PoolPurpose } from "../database/connection/pools.ts";
import { systemClock } from "../lib/clock.ts";
import { formatHostPort, type HostPort } from "../lib/net/host-port.ts";
import { createLogger } from "../lib/log.ts";
import { ipxeDirectory } from "../netboot/ipxe-files.ts";
import { netbootServe } from "../netboot/serve.ts";
import { shepherdRun } from "../shepherd/run.ts";
import { controlPlaneStart } from "./control-plane.ts";
import { databaseAddress } from "./database-reach.ts";
import { labDirectory, labOf, unlistedProvider } from "./providers.ts";
import { untilStopped } from "./until-stopped.ts";

/** How QEMU's guests with user networking reach this host's loopback. */
const hostOfGuests = "10.0.2.2";

/** `farrier up`: everything in one process, on an embedded PostgreSQL unless one is named. Resolves to the exit status. */
export async function upProcess(options: UpOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "up" });
  const stopped = untilStopped();
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await dataDirectoryOpen(options.dataDir));
  const address: DatabaseAddress =
    options.databaseUrl === undefined
      ? stack.use(await embeddedStart({ directory: directory.postgres, log, user: options.databaseUser })).connection
      : databaseAddress(options.databaseUrl);
  const server = stack.use(
    await controlPlaneStart({
      dataDir: directory.path,
      agents: options.agents,
      operators: options.operators,
      serverNames: options.serverNames,
      otherNames: [hostOfGuests],
      tls: undefined,
      operatorNames: options.operatorNames,
      operatorTls: options.operatorTls,
      databaseAddress: address,
      migrate: true,
      log,
    }),
  );
  const { metrics } = server;
  const open = (purpose: PoolPurpose) =>
    stack.use(poolFor(purpose, address, { log, failed: (code) => metrics.databaseErrors.inc({ code }) }));
  let netbootAddress: HostPort | undefined;
  if (options.netboot !== undefined) {
    const netboot = stack.use(
      await netbootServe({
        address: options.netboot,
        database: open("netboot"),
        bootImages: options.bootImages ?? join(directory.path, "boot-image"),
        ipxeFiles: ipxeDirectory,
        agents: { port: server.agents.port },
        caCertificate: server.caCertificate,
        kernelArguments: options.kernelArguments,
        metrics,
        log,
        clock: systemClock,
      }),
    );
    netbootAddress = netboot.address;
    process.stdout.write(`network boot on http://${formatHostPort(netboot.address)}\n`);
  }
  const providers = [await labOf(labDirectory(directory.path), netbootAddress)];
  stack.use(
    shepherdRun({
      database: open("shepherd"),
      sessionDatabase: open("session"),
      log,
      clock: systemClock,
      metrics,
      providers,
      unlisted: unlistedProvider,
    }),
  );
  process.stdout.write(`ready: agents on ${formatHostPort(server.agents)}, operators on ${server.operators}\n`);
  log.info({ signal: await stopped }, "stopping");
  return 0;
}
