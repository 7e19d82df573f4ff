import { join } from "node:path";
import type { ServerOptions } from "./options.ts";
import { formatHostPort } from "../lib/net/host-port.ts";
import { createLogger } from "../lib/log.ts";
import { controlPlaneStart } from "./control-plane.ts";
import { databaseAddress } from "./parts/database-reach.ts";
import { answerMetrics, workerLine } from "../workers/server-worker.ts";
import { serverWorkers } from "../workers/server-workers.ts";
import { untilStopped } from "./parts/until-stopped.ts";

/** `farrier server`: agent API, operator API and janitor on a given PostgreSQL. Resolves to the exit status. */
export async function serverProcess(options: ServerOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "server" });
  const stopped = untilStopped();
  const line = workerLine();
  const print = ({ agents, operators }: { agents: string; operators: string }): void => {
    process.stdout.write(`ready: agents on ${agents}, operators on ${operators}\n`);
  };
  if (options.workers > 1 && line === undefined) {
    return serverWorkers({ count: options.workers, log, stopped, ready: print });
  }
  const shared = line !== undefined;
  await using server = await controlPlaneStart({
    ...options,
    agents: { ...options.agents, shared },
    operators: { ...options.operators, shared },
    cache: cacheShared(options.cache, shared),
    offered: join(options.dataDir, "boot-image"),
    ...(options.cameUp === undefined
      ? {}
      : { cameUp: { ...options.cameUp, listen: { ...options.cameUp.listen, shared } } }),
    databaseAddress: databaseAddress(options.databaseUrl),
    ...(line === undefined ? {} : { metricsText: () => line.metricsOfAll() }),
    log,
  });
  const addresses = { agents: formatHostPort(server.agents), operators: server.operators };
  if (line === undefined) {
    print(addresses);
  } else {
    answerMetrics(server.metrics.registry);
    line.ready(addresses);
  }
  log.info({ signal: await stopped }, "stopping");
  return 0;
}

/** With a port that several workers listen on. */
function cacheShared(cache: ServerOptions["cache"], shared: boolean): ServerOptions["cache"] {
  return cache?.listen === undefined ? cache : { ...cache, listen: { ...cache.listen, shared } };
}
