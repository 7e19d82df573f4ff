import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileServe, imageMake } from "./support/image.ts";
import type { ServedFile } from "./support/image.ts";
import { cpuSeconds, startWorker } from "./support/processes.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = { imageBytes: scaled(1_024, 32) << 20, rounds: scaled(7, 2) } as const;
const blockBytes = 4 << 20;
/** Node flags of the agent (boot-image/files/supervise.sh). */
const agentFlags = ["--no-incremental-marking"];

/**
 * P5: an image to a disk, by the agent (download, digest, unpack, write, flushed to the medium at the end) and by `curl
 * | zstd -d | dd oflag=direct`, one after the other in each round, onto the same file. FARRIER_BENCH_DIR: the folder
 * whose disk is measured; default is the system's temporary folder.
 */
export async function benchInstall(options: { json: boolean }): Promise<void> {
  const folder = await mkdtemp(join(process.env["FARRIER_BENCH_DIR"] ?? tmpdir(), "farrier-bench-"));
  try {
    const [raw, packed, disk] = [join(folder, "image.raw"), join(folder, "image.zst"), join(folder, "disk")];
    await imageMake(raw, packed, load.imageBytes);
    await rm(raw);
    await fill(disk, load.imageBytes);
    await using served = await fileServe(packed);
    await using worker = startWorker(new URL("support/install.worker.ts", import.meta.url), agentFlags);
    const times = { agent: [] as number[], reference: [] as number[] };
    let cpu = 0;
    const agent = async (): Promise<number> => {
      const before = await cpuSeconds(worker.pid);
      const time = await worker.ask<number>({ url: served.url, digest: served.digest, folder, disk: "disk" });
      cpu = (await cpuSeconds(worker.pid)) - before;
      return time;
    };
    // The first run of each is a warm-up: programs, code, the server's page cache.
    await agent();
    await reference(served, disk);
    for (let round = 0; round < load.rounds; round += 1) {
      times.reference.push(await reference(served, disk));
      times.agent.push(await agent());
    }
    const rate = (milliseconds: number): number => load.imageBytes / (1 << 20) / (milliseconds / 1000);
    report(
      {
        id: "P5",
        value: median(times.reference.map((time, round) => time / (times.agent[round] ?? time))),
        target: 1,
        better: "higher",
        details: {
          "agent, MiB a second": rate(median(times.agent)),
          "curl | zstd -d | dd, MiB a second": rate(median(times.reference)),
          "agent, seconds": times.agent.map((time) => Number((time / 1000).toFixed(2))),
          "reference, seconds": times.reference.map((time) => Number((time / 1000).toFixed(2))),
          "agent, CPU seconds": cpu,
          "image, MiB": load.imageBytes / (1 << 20),
          "packed, MiB": served.bytes / (1 << 20),
        },
      },
      options.json,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file with all its blocks allocated, so that neither side pays for allocation. */
async function fill(path: string, bytes: number): Promise<void> {
  await using file = await open(path, "w");
  const block = Buffer.alloc(blockBytes, "old");
  for (let at = 0; at < bytes; at += blockBytes) {
    await file.write(block);
  }
  await file.sync();
}

/** Milliseconds. */
async function reference(served: ServedFile, disk: string): Promise<number> {
  const pipe = `set -o pipefail; curl -sf '${served.url}' | zstd -dc | dd of='${disk}' bs=${blockBytes} iflag=fullblock oflag=direct conv=notrunc,fsync status=none`;
  const begun = performance.now();
  const child = spawn("bash", ["-c", pipe], { stdio: ["ignore", "inherit", "inherit"] });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) {
    throw new Error(`the reference ended with ${status}: it takes bash, curl, zstd and dd`);
  }
  return performance.now() - begun;
}
