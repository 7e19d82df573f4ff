import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchDatabase } from "./support/database.ts";
import { fleetKeyPairs, fleetMake } from "./support/fleet.ts";
import type { FetchResult } from "./support/image-fetch.worker.ts";
import type { ServedImages } from "./support/images.worker.ts";
import type { CallSample, LoadResult } from "./support/load.worker.ts";
import { startWorker } from "./support/processes.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";

/**
 * Established agents and their heartbeats a second in total; how many machines fetch at once, and the bytes of an image
 * and of a boot file; how often each server's transfers are timed, and the seconds of idle heartbeats.
 */
const load = {
  established: scaled(500, 50),
  perSecond: 100,
  fetchers: scaled(100, 10),
  imageBytes: scaled(64 << 20, 4 << 20),
  bootBytes: scaled(16 << 20, 1 << 20),
  rounds: 3,
  idle: scaled(15, 3),
} as const;

/**
 * P14: the p99 of established agents' heartbeats while many machines fetch an image, and boot files, from a cache on the
 * same host, as a ratio to the same while nobody fetches. And the rate of the transfers, as a ratio to a bare HTTP server
 * of Node that sends the same file.
 */
export async function benchImages(options: { json: boolean }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-bench-images-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const image = randomBytes(load.imageBytes);
  const hex = createHash("sha256").update(image).digest("hex");
  const bootImages = join(folder, "boot-image");
  await mkdir(join(bootImages, "x86_64"), { recursive: true });
  await writeFile(join(bootImages, "x86_64", "initramfs"), randomBytes(load.bootBytes));
  await writeFile(join(bootImages, "x86_64", "vmlinuz"), randomBytes(1 << 20));
  await writeFile(join(folder, "image"), image);

  const database = stack.use(await benchDatabase());
  const keys = fleetKeyPairs(load.established);
  await fleetMake(database.database.pool, load.established, keys);
  const server = stack.use(startWorker(new URL("support/server.worker.ts", import.meta.url)));
  const { port } = await server.ask<{ port: number }>({ database: database.address });
  const agents = stack.use(startWorker(new URL("support/load.worker.ts", import.meta.url)));
  await agents.ask({ order: "connect", port, connections: load.established, keys, machines: load.established });
  await agents.ask({ order: "run", path: heartbeatPath, seconds: 2, rate: load.perSecond });
  const served = stack.use(startWorker(new URL("support/images.worker.ts", import.meta.url)));
  const urls = await served.ask<ServedImages>({
    ...{ database: database.address, folder, image: join(folder, "image"), hex, bootImages, machines: load.fetchers },
  });
  const bareServer = stack.use(startWorker(new URL("support/bare-files.worker.ts", import.meta.url)));
  const bareUrl = await bareServer.ask<string>({ file: join(folder, "image") });
  const bareUrls = Array.from({ length: load.fetchers }, () => bareUrl);
  const fetching = stack.use(startWorker(new URL("support/image-fetch.worker.ts", import.meta.url)));
  const fetchAll = (of: readonly string[]) => fetching.ask<FetchResult>({ urls: of });
  const beats = async (while_: () => Promise<unknown>, seconds: number): Promise<CallSample[]> => {
    const beating = agents.ask<LoadResult>({
      ...{ order: "run", path: heartbeatPath, seconds, rate: load.perSecond, samples: true },
    });
    const began = Number(process.hrtime.bigint()) / 1e6;
    await while_();
    const ended = Number(process.hrtime.bigint()) / 1e6;
    const { samples = [] } = await beating;
    return samples.filter(({ at, took }) => at + took >= began && at <= ended);
  };
  // Warms the page cache, and tells how long one round takes.
  const first = await fetchAll(urls.cache);
  const seconds = Math.ceil(first.seconds * 1.5) + 2;
  const idle = await beats(() => new Promise((resolve) => setTimeout(resolve, load.idle * 1_000)), load.idle);
  const rates: { cache: number; bare: number }[] = [];
  const whileImages: CallSample[] = [];
  const whileBoot: CallSample[] = [];
  const whileBare: CallSample[] = [];
  for (let round = 0; round < load.rounds; round += 1) {
    let rate = 0;
    let bareRate = 0;
    whileImages.push(
      ...(await beats(async () => {
        rate = rateOf(await fetchAll(urls.cache));
      }, seconds)),
    );
    whileBoot.push(...(await beats(() => fetchAll(urls.boot), seconds)));
    whileBare.push(
      ...(await beats(async () => {
        bareRate = rateOf(await fetchAll(bareUrls));
      }, seconds)),
    );
    rates.push({ cache: rate, bare: bareRate });
  }
  const idleAfter = await beats(() => new Promise((resolve) => setTimeout(resolve, load.idle * 1_000)), load.idle);
  const quiet = [...idle, ...idleAfter];
  const details = {
    "machines that fetch at once": load.fetchers,
    "established agents": load.established,
    "their heartbeats a second": load.perSecond,
    "heartbeats while nobody fetches, ms": spread(quiet),
    "heartbeats while a bare HTTP server of Node sends the image, ms": spread(whileBare),
  };
  const figure = (id: string, samples: readonly CallSample[], what: object): void =>
    report(
      {
        ...{ id, value: quantile(samples, 0.99) / quantile(quiet, 0.99), target: 2, better: "lower" },
        details: { ...what, "the same meanwhile, ms": spread(samples), ...details },
      },
      options.json,
    );
  figure("P14-images", whileImages, { "MiB of the image": load.imageBytes / (1 << 20) });
  figure("P14-boot", whileBoot, { "MiB of the boot file": load.bootBytes / (1 << 20) });
  report(
    {
      ...{ id: "P14", value: median(rates.map(({ cache, bare }) => cache / bare)), target: 0.5, better: "higher" },
      details: {
        "MB a second from the cache": median(rates.map(({ cache }) => cache)),
        "MB a second from a bare HTTP server of Node": median(rates.map(({ bare }) => bare)),
        reference: "node:http with createReadStream, clear text, in place of nginx",
        "machines that fetch at once": load.fetchers,
        "rounds, each of both": load.rounds,
      },
    },
    options.json,
  );
}

function rateOf({ bytes, seconds }: FetchResult): number {
  return bytes / seconds / 1e6;
}

function spread(samples: readonly CallSample[]): { calls: number; p50: number; p99: number; worst: number } {
  return {
    calls: samples.length,
    p50: quantile(samples, 0.5),
    p99: quantile(samples, 0.99),
    worst: quantile(samples, 1),
  };
}

function quantile(samples: readonly CallSample[], q: number): number {
  const sorted = samples.map(({ took }) => took).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
