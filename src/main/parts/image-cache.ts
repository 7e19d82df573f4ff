import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import { cacheOpen, type ImageCache as OpenedCache } from "../../cache/cache-open.ts";
import { directoryStore } from "../../cache/directory-store.ts";
import type { CacheOrigin } from "../../cache/keep.ts";
import type { Database } from "../../database/connect.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { ImageCacheOptions } from "../options.ts";

/** A process' cache of images. */
export interface ProcessCache extends OpenedCache {
  /** Stores a file that has this digest. @throws {CacheError} */
  keepFile(digest: string, file: string): Promise<void>;
}

/**
 * Opens the cache of a process, in its data directory unless another folder is named.
 * @throws {CacheError} `unusable`
 */
export async function imageCacheOpen(
  options: Omit<ImageCacheOptions, "room"> & {
    /** Maximum bytes of its files. */
    cacheRoom: number;
    dataDir: string;
    database: Database;
    secrets: Pick<KeyRing, "mirrorMacs">;
    origin: CacheOrigin;
    metrics: Metrics;
    clock: Clock;
    log: Logger;
  },
): Promise<ProcessCache> {
  const { directory, dataDir, secrets, cacheRoom } = options;
  const store = await directoryStore(resolve(directory ?? join(dataDir, "cache")), options);
  const cache = cacheOpen({ ...options, store, ring: secrets, room: cacheRoom });
  return {
    ...cache,
    keepFile: (digest, file) => store.put(digest.slice("sha256:".length), createReadStream(file)),
    keep: (urls) => {
      if (urls.length === 0) {
        options.log.warn(
          "no machine can fetch from the cache of images, because it is not known how machines reach this host: give --cache-url URL",
        );
      }
      return cache.keep(urls);
    },
  };
}
