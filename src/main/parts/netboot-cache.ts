import { join } from "node:path";
import { imageAgain } from "../../catalogue/image-again.ts";
import { imageRoom } from "../../catalogue/image-room.ts";
import type { Database } from "../../database/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { isLoopback } from "../../lib/net/host-port.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { ImageCacheOptions, NetbootOptions } from "../options.ts";
import { imageCacheOpen, type ProcessCache } from "./image-cache.ts";
import { databaseAddress } from "./database-reach.ts";
import { ownPorts } from "./own-ports.ts";
import { secretsFollow } from "./secrets-follow.ts";

/** The cache of images of `farrier netboot`, which needs the keys of the control plane for the tickets of machines. */
export async function netbootCache(
  options: NetbootOptions & { cache: ImageCacheOptions },
  { database, metrics, log }: { database: Database; metrics: Metrics; log: Logger },
): Promise<ProcessCache & AsyncDisposable> {
  const { dataDir, listen, cache, bootImages } = options;
  const secrets = await secretsFollow({ ...options, database, mayMake: false, log, clock: systemClock });
  const fetching = {
    database,
    secrets,
    directory: join(dataDir, "images", "work"),
    guard: {
      loopbackAllowed: isLoopback(listen.host),
      ownPorts: async () => [listen.port, ...(await ownPorts(dataDir, databaseAddress(options.databaseUrl)))],
    },
    room: imageRoom,
    log,
  };
  const { room: cacheRoom, ...where } = cache;
  const opened = await imageCacheOpen({
    ...where,
    cacheRoom,
    offered: bootImages ?? join(dataDir, "boot-image"),
    dataDir,
    database,
    secrets,
    origin: imageAgain(fetching),
    metrics,
    clock: systemClock,
    log,
  });
  return { ...opened, [Symbol.asyncDispose]: () => secrets[Symbol.asyncDispose]() };
}
