import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Database } from "../database/connect.ts";
import {
  cacheClaim,
  cacheClaimEnd,
  cacheClaimSeconds,
  type CacheClaim,
} from "../database/queries/cache/cache-claim.ts";
import { cacheSeen } from "../database/queries/cache/cache-seen.ts";
import { cacheWanted, type CacheWanted } from "../database/queries/cache/cache-wanted.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import { imageCopy } from "./copy.ts";
import { keepDecide, type Wanted } from "./keep-decide.ts";
import type { ImageStore } from "./store.ts";
import type { DatabaseTime } from "./database-time.ts";

/** What the loop that looks after a store works with. */
export interface CacheKeepOptions {
  database: Database;
  store: ImageStore;
  ring: Pick<KeyRing, "mirrorMacs">;
  /** The addresses by which machines and other stores fetch from this one. */
  urls: readonly string[];
  /** Maximum bytes of the store. */
  room: number;
  time: DatabaseTime;
  /** Fetches an image from where it comes from, and looks into it; absent = only other stores are asked. */
  origin?: CacheOrigin | undefined;
  /** The path of a boot file with this digest on this host; undefined if there is none. */
  bootFile?: ((hex: string) => string | undefined) | undefined;
  /** Called with what is wanted, after each look. */
  looked?: ((wanted: readonly CacheWanted[]) => void) | undefined;
  /** Milliseconds between two readings of one file. */
  checkEvery?: number;
  metrics: Metrics;
  clock: Clock;
  log: Logger;
}

/** Fetches an image from its origin and gives its bytes to `take`. @throws {Error} that may be logged */
export type CacheOrigin = (
  digest: string,
  take: (pieces: AsyncIterable<Uint8Array>) => Promise<void>,
  signal: AbortSignal,
) => Promise<void>;

/** The loop that looks after a store. */
export interface CacheKeeper extends AsyncDisposable {
  /** Called when an image is fetched from the store. */
  used(hex: string): void;
  /** Whether all files of the store were looked at since the start. */
  scanned(): boolean;
  /** Whether anybody may have this image. */
  isPublic(hex: string): boolean;
}

/** Milliseconds between two looks. */
const pace = 2_000;
/** Milliseconds for which a new file stays although nothing wants it: its image may become ready only later. */
const freshFor = 600_000;
/** Milliseconds between two readings of one file. */
const checkEach = 6 * 3_600_000;
/** Seconds between a failure and the next try. */
const failureWait = 30;

const hexOf = (digest: string): string => digest.slice("sha256:".length);

/** Keeps a store filled, within its room and unaltered, and records what it has, until it is disposed of. */
export function cacheKeep(options: CacheKeepOptions): CacheKeeper {
  const { database, store, ring, urls, room, time, origin, metrics, clock, log, checkEvery = checkEach } = options;
  const { bootFile, looked } = options;
  const holder = randomUUID();
  const stop = new AbortController();
  const { signal } = stop;
  const used = new Set<string>();
  const checkedAt = new Map<string, number>();
  let scanned = false;
  let publicOnes: ReadonlySet<string> = new Set();

  /** Records what the store has. */
  async function record(): Promise<void> {
    const told = [...used];
    await cacheSeen(database, {
      storeId: store.id,
      urls,
      files: store.list().map(({ hex, bytes }) => ({ digest: `sha256:${hex}`, bytes })),
      used: told.map((hex) => `sha256:${hex}`),
    });
    told.forEach((hex) => used.delete(hex));
  }

  async function look(): Promise<void> {
    await store.scan(signal);
    scanned = true;
    const { now, wanted } = await cacheWanted(database, store.id);
    time.set(now);
    looked?.(wanted);
    publicOnes = new Set(wanted.filter(({ isPublic }) => isPublic).map(({ digest }) => hexOf(digest)));
    const held = store.list().map((file) => ({ ...file, fresh: clock.monotonic() - file.since < freshFor }));
    metrics.cacheBytes.set(held.reduce((sum, { bytes }) => sum + bytes, 0));
    metrics.cacheFiles.set(held.length);
    const { remove, fetch } = keepDecide(wanted.map(ranked), held, room);
    for (const hex of remove) {
      log.info({ digest: hex }, "an image leaves the cache");
      await store.remove(hex);
    }
    for (const hex of fetch) {
      const image = wanted.find(({ digest }) => hexOf(digest) === hex);
      if (image !== undefined) {
        await bring(image);
      }
    }
  }

  /**
   * Fetches an image from another store, or from its origin if none has it, or none that has it can be reached. A boot
   * file's origin is a host's folder.
   */
  async function bring({ digest, urls: others, boot }: CacheWanted): Promise<void> {
    const place = { storeId: store.id };
    const path = bootFile?.(hexOf(digest));
    if (path !== undefined) {
      await claimed({ digest, place, holder }, () =>
        take(digest, "folder", () => store.put(hexOf(digest), createReadStream(path), signal)),
      );
      return;
    }
    if (others.length > 0) {
      const copied = await claimed({ digest, place, holder }, (lost) => copy(digest, others, lost));
      if (copied !== "failed" || signal.aborted) {
        return;
      }
    }
    if (origin !== undefined && boot.length === 0) {
      await claimed({ digest, place: "origin", holder }, async (lost) => {
        // Another process may have fetched it before the claim was free.
        const { wanted } = await cacheWanted(database, store.id);
        const now = wanted.find((image) => image.digest === digest)?.urls ?? [];
        const untried = now.filter((url) => !others.includes(url));
        await (untried.length > 0 ? copy(digest, untried, lost) : fetchFrom(origin, digest, lost));
      });
    }
  }

  async function copy(digest: string, others: readonly string[], lost: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, lost]);
    const hex = hexOf(digest);
    await take(digest, "cache", () =>
      fromFirst(others, (from) =>
        store.put(hex, imageCopy(from, hex, { ring, now: time.now(), signal: until }), until),
      ),
    );
  }

  async function fetchFrom(source: CacheOrigin, digest: string, lost: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, lost]);
    await take(digest, "origin", () => source(digest, (pieces) => store.put(hexOf(digest), pieces, until), until));
  }

  /** Takes an image in, unless another process with this folder has brought it. It is recorded while the claim holds. */
  async function take(digest: string, from: "cache" | "origin" | "folder", action: () => Promise<void>): Promise<void> {
    await store.scan(signal);
    if (store.list().some(({ hex }) => hex === hexOf(digest))) {
      return;
    }
    try {
      await action();
    } catch (error) {
      if (!signal.aborted) {
        metrics.cacheFetches.inc({ from, outcome: "failed" });
      }
      throw error;
    }
    metrics.cacheFetches.inc({ from, outcome: "ok" });
    log.info({ digest: hexOf(digest), from }, "an image is in the cache");
    await record();
  }

  /** Does something under a claim, which is renewed meanwhile; `held` if another process holds it. */
  async function claimed(
    claim: CacheClaim,
    action: (lost: AbortSignal) => Promise<void>,
  ): Promise<"done" | "failed" | "held"> {
    if (!(await cacheClaim(database, claim))) {
      return "held";
    }
    const lost = new AbortController();
    const renewing = setInterval(
      () => {
        cacheClaim(database, claim).then(
          (mine) => mine || lost.abort(new Error("another process fetches the image")),
          (error: unknown) => log.debug({ error: describeError(error) }, "a claim was not renewed"),
        );
      },
      (cacheClaimSeconds * 1000) / 4,
    );
    let wait = 0;
    try {
      await action(lost.signal);
      return "done";
    } catch (error) {
      wait = signal.aborted ? 0 : failureWait;
      if (!signal.aborted) {
        log.warn({ digest: hexOf(claim.digest), error: describeError(error) }, "an image could not be cached");
      }
      return "failed";
    } finally {
      clearInterval(renewing);
      await cacheClaimEnd(database, claim, wait);
    }
  }

  /** Reads the file again that was not read for the longest time, if it is due. */
  async function check(): Promise<void> {
    const due = store
      .list()
      .map(({ hex, since }) => ({ hex, at: checkedAt.get(hex) ?? since }))
      .filter(({ at }) => clock.monotonic() - at >= checkEvery)
      .toSorted((one, other) => one.at - other.at)[0];
    if (due !== undefined && (await store.check(due.hex, signal))) {
      checkedAt.set(due.hex, clock.monotonic());
    }
  }

  const every = (name: string, action: () => Promise<void>): Promise<void> =>
    (async () => {
      while (!signal.aborted) {
        try {
          await action();
          metrics.loopRuns.inc({ loop: name, outcome: "ok" });
        } catch (error) {
          if (!signal.aborted) {
            metrics.loopRuns.inc({ loop: name, outcome: "failed" });
            log.warn({ error: describeError(error) }, "looking after the cache failed; it will be tried again");
          }
        }
        await clock.sleep(pace, signal).catch(() => undefined);
      }
    })();
  const loops = (async () => {
    // A look may take as long as a big image comes: meanwhile the store says that it is there.
    await Promise.all([every("cache", look), every("cache-record", record), every("cache-check", check)]);
  })();
  return {
    used: (hex) => used.add(hex),
    scanned: () => scanned,
    isPublic: (hex) => publicOnes.has(hex),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the process is stopping"));
      await loops;
    },
  };
}

function ranked({ digest, bytes, pinned, usedAt, boot }: CacheWanted): Wanted {
  // Boot files first: they are small, and no machine boots without them.
  return { hex: hexOf(digest), bytes, pinned, usedAt: boot.length > 0 ? Number.POSITIVE_INFINITY : usedAt };
}

/** Tries the sources one after the other. @throws the last one's error */
async function fromFirst(urls: readonly string[], action: (url: string) => Promise<void>): Promise<void> {
  let last: unknown;
  for (const url of urls) {
    try {
      await action(url);
      return;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}
