import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { operatorClient } from "../src/cli/call/client.ts";
import { imageServer } from "../test/support/image-server.ts";
import { diskMake } from "../test/support/lab.ts";
import { waitFor } from "../test/support/wait.ts";
import { installedPackage, type Installed } from "./support/installed.ts";
import { median, report } from "./support/report.ts";

const load = { firstStarts: 3, starts: 7, commands: 15, machines: 100, cancellations: 5 } as const;
const mebibyte = 1 << 20;

/**
 * P8: `farrier up` from its start to serving. P9: commands, as installed. And how fast an installation ends that is
 * cancelled in mid-download. All of it on the built package, installed by npm and run without npx.
 */
export async function benchInstalled(options: { json: boolean }): Promise<void> {
  await using installed = await installedPackage();
  const bare = await times(load.commands, async () => {
    const begun = performance.now();
    await promisify(execFile)(process.execPath, ["-e", "0"]);
    return performance.now() - begun;
  });
  await benchStarts(installed, options);
  const dataDir = join(installed.directory, "data-0");
  await using _up = await installed.up(dataDir);
  const { machines } = await operatorClient({ dataDir, operators: undefined }, {});
  for (let index = 0; index < load.machines; index += 1) {
    const name = `m${index}`;
    await machines.machineAdd({ requestId: crypto.randomUUID(), provider: "static", providerId: name, name });
  }
  const command = (...args: string[]): Promise<number[]> =>
    times(load.commands, async () => (await installed.farrier(args, dataDir)).milliseconds);
  const details = (milliseconds: readonly number[]): Record<string, unknown> => ({
    "greatest, ms": Math.max(...milliseconds),
    "node that does nothing, ms": median(bare),
    runs: milliseconds.length,
  });
  const version = await command("--version");
  report(
    { id: "P9-version", value: median(version), target: 150, better: "lower", unit: " ms", details: details(version) },
    options.json,
  );
  const list = await command("machine", "list");
  report(
    {
      id: "P9",
      value: median(list),
      target: 350,
      better: "lower",
      unit: " ms",
      details: { ...details(list), "machines listed": load.machines },
    },
    options.json,
  );
  await benchCancel(installed, dataDir, options);
}

/** The results of runs, one after the other. */
async function times(count: number, one: (index: number) => Promise<number>): Promise<number[]> {
  const results: number[] = [];
  for (let index = 0; index < count; index += 1) {
    results.push(await one(index));
  }
  return results;
}

async function benchStarts(installed: Installed, options: { json: boolean }): Promise<void> {
  const start = async (index: number): Promise<number> => {
    await using up = await installed.up(join(installed.directory, `data-${index}`));
    return up.milliseconds / 1000;
  };
  const first = await times(load.firstStarts, start);
  const again = await times(load.starts, async () => await start(0));
  for (const [id, seconds, target] of [
    ["P8", again, 1.5],
    ["P8-first", first, 4],
  ] as const) {
    const details = { "greatest, s": Math.max(...seconds), runs: seconds.length, durability: { fsync: "on" } };
    report({ id, value: median(seconds), target, better: "lower", unit: " s", details }, options.json);
  }
}

/** From the start of `farrier machine cancel` until its agent has broken the download off. */
async function benchCancel(installed: Installed, dataDir: string, options: { json: boolean }): Promise<void> {
  const { directory } = installed;
  await using images = await imageServer();
  const image = images.serve("slow", randomBytes(64 * mebibyte), { bytesPerSecond: 2 * mebibyte });
  const init = join(directory, "m0.json");
  await installed.farrier(["agent", "init", "m0", "--out", init], dataDir);
  const disks = join(directory, "disks");
  await mkdir(disks);
  await diskMake(join(disks, "disk0"), 128 * mebibyte);
  installed.start(["agent", "run", "--init", init, "--file-disks", disks], dataDir);
  const source = ["--image", image.url, "--digest", image.digest, "--disk", "serial=disk0"];
  const seconds = await times(load.cancellations, async () => {
    await installed.farrier(["machine", "install", "m0", ...source], dataDir);
    await waitFor("the download", () => image.open === 1 && image.sent > mebibyte, { timeoutMs: 60_000 });
    const begun = performance.now();
    await Promise.all([
      installed.farrier(["machine", "cancel", "m0"], dataDir),
      waitFor("the download to be broken off", () => image.open === 0, { timeoutMs: 60_000 }),
    ]);
    return (performance.now() - begun) / 1000;
  });
  report(
    {
      id: "cancel",
      value: Math.max(...seconds),
      target: 2,
      better: "lower",
      unit: " s",
      details: { "middle, s": median(seconds), runs: seconds.length },
    },
    options.json,
  );
}
