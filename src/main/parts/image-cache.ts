import { createReadStream } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { cacheOpen, type ImageCache as OpenedCache } from "../../cache/cache-open.ts";
import { directoryStore } from "../../cache/directory-store.ts";
import type { CacheOrigin } from "../../cache/keep.ts";
import { ociStore } from "../../cache/oci/oci-store.ts";
import { registryCredentialsRead } from "../../cache/oci/registry-credentials.ts";
import type { ImageStore } from "../../cache/store.ts";
import { ociRepository } from "../../contract/oci-reference.ts";
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
    /** The folder of boot images that this host offers to the others; absent = none. */
    offered: string | undefined;
    database: Database;
    secrets: Pick<KeyRing, "mirrorMacs">;
    origin: CacheOrigin;
    metrics: Metrics;
    clock: Clock;
    log: Logger;
  },
): Promise<ProcessCache> {
  const { secrets, cacheRoom } = options;
  const store = await storeOpen(options);
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

async function storeOpen(options: {
  place: string | undefined;
  credentialsFile: string | undefined;
  dataDir: string;
  clock: Clock;
  log: Logger;
}): Promise<ImageStore> {
  const { place, credentialsFile, dataDir, clock, log } = options;
  const repository = place === undefined ? undefined : ociRepository(place);
  if (repository === undefined) {
    return directoryStore(resolve(place ?? join(dataDir, "cache")), { clock, log });
  }
  const credentials = credentialsFile === undefined ? undefined : await registryCredentialsRead(credentialsFile);
  return ociStore({ ...repository, credentials, place: `${hostname()} ${resolve(dataDir)}`, clock, log });
}
