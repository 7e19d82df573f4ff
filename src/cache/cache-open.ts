import { isMirrorTarget } from "../contract/catalogue/mirror-ticket.ts";
import type { Database } from "../database/connect.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import type { StoredBootImages } from "../netboot/boot-image.ts";
import { bootOffer } from "./boot-offer.ts";
import { bootStored } from "./boot-stored.ts";
import { cacheAnswers, type CacheAnswer } from "./cache-answer.ts";
import { databaseTimeFollow } from "./database-time.ts";
import { cacheKeep, type CacheOrigin } from "./keep.ts";
import type { ImageStore } from "./store.ts";

/** A cache of images: its store, and the answers from it. */
export interface ImageCache {
  store: ImageStore;
  images: { is: (target: string) => boolean; answer: CacheAnswer };
  /** Boot images in the store. */
  bootImages: StoredBootImages;
  /** Begins to look after the store. @param urls the addresses by which machines reach it */
  keep(urls: readonly string[]): AsyncDisposable;
}

/** Makes a cache over a store. It answers at once, and is filled once it is looked after. */
export function cacheOpen(options: {
  database: Database;
  store: ImageStore;
  ring: Pick<KeyRing, "mirrorMacs">;
  room: number;
  origin?: CacheOrigin | undefined;
  /** The folder of boot images that this host offers to the others; absent = none. */
  offered?: string | undefined;
  metrics: Metrics;
  clock: Clock;
  log: Logger;
}): ImageCache {
  const { store, ring, metrics, clock, log } = options;
  const time = databaseTimeFollow(clock);
  const boot = bootStored(store);
  let keeper: ReturnType<typeof cacheKeep> | undefined;
  return {
    store,
    images: {
      is: isMirrorTarget,
      answer: cacheAnswers({
        store,
        ring,
        scanned: () => keeper?.scanned() === true,
        isPublic: (hex) => keeper?.isPublic(hex) === true,
        now: () => time.now(),
        used: (hex) => keeper?.used(hex),
        count: (outcome, bytes) => {
          metrics.cacheRequests.inc({ outcome });
          metrics.cacheSentBytes.inc(bytes);
        },
        log,
      }),
    },
    bootImages: boot,
    keep: (urls) => {
      const { offered } = options;
      const offer = offered === undefined ? undefined : bootOffer({ ...options, bootImages: offered });
      const keeping = cacheKeep({
        ...{ ...options, urls, time },
        bootFile: (hex) => offer?.path(hex),
        looked: (wanted) => boot.set(wanted),
      });
      keeper = keeping;
      return {
        [Symbol.asyncDispose]: async () => {
          await keeping[Symbol.asyncDispose]();
          await offer?.[Symbol.asyncDispose]();
        },
      };
    },
  };
}
