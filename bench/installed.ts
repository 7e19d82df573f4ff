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
import { bareStart } from "./support/bare-start.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = {
  firstStarts: scaled(3, 1),
  starts: scaled(7, 2),
  commands: scaled(15, 3),
  machines: 100,
  cancellations: scaled(5, 1),
} as const;
const mebibyte = 1 << 20;

/**
 * P8: `farrier up` from its start until it serves, as a ratio to the start of this PostgreSQL on the same data plus an
 * empty Node program. P9: installed commands, as a ratio to an empty Node program. Also how fast an installation ends
 * that is cancelled during the download. All with the built package, installed by npm and run without npx.
 */
export async function benchInstalled(options: { json: boolean }): Promise<void> {
  await using installed = await installedPackage();
  await benchStarts(installed, options);
  const dataDir = join(installed.directory, "data-0");
  await using _up = await installed.up(dataDir);
  const { machines } = await operatorClient({ dataDir, operators: undefined }, {});
  for (let index = 0; index < load.machines; index += 1) {
    const name = `m${index}`;
    await machines.machineAdd({ requestId: crypto.randomUUID(), provider: "static", providerId: name, name });
  }
  for (const [id, args, target] of [
    ["P9-version", ["--version"], 2],
    ["P9", ["machine", "list"], 5],
  ] as const) {
    const bare: number[] = [];
    const ours = await times(load.commands, async () => {
      bare.push(await emptyNode());
      return (await installed.farrier(args, dataDir)).milliseconds;
    });
    const details = {
      "the command, ms": median(ours),
      "greatest, ms": Math.max(...ours),
      "a Node that does nothing, ms": median(bare),
      runs: ours.length,
      machines: load.machines,
    };
    report({ id, value: median(ours) / median(bare), target, better: "lower", details }, options.json);
  }
  await benchCancel(installed, dataDir, options);
}

/** Milliseconds of an empty Node program, from its start to its end. */
async function emptyNode(): Promise<number> {
  const begun = performance.now();
  await promisify(execFile)(process.execPath, ["-e", "0"]);
  return performance.now() - begun;
}

/** The results of several runs, one after the other. */
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
    return up.milliseconds;
  };
  const [bareFirst, bareAgain]: [number[], number[]] = [[], []];
  const first = await times(load.firstStarts, async (index) => {
    bareFirst.push((await emptyNode()) + (await bareStart(join(installed.directory, `bare-${index}`))));
    return await start(index);
  });
  const again = await times(load.starts, async () => {
    // On the data of the first, while Farrier is stopped.
    bareAgain.push((await emptyNode()) + (await bareStart(join(installed.directory, "data-0", "postgres"))));
    return await start(0);
  });
  for (const [id, ours, bare, target] of [
    ["P8", again, bareAgain, 3],
    ["P8-first", first, bareFirst, 2],
  ] as const) {
    const details = {
      "farrier up, s": median(ours) / 1000,
      "greatest, s": Math.max(...ours) / 1000,
      "PostgreSQL and a Node that does nothing, s": median(bare) / 1000,
      runs: ours.length,
      durability: { fsync: "on" },
    };
    report({ id, value: median(ours) / median(bare), target, better: "lower", details }, options.json);
  }
}

/** From the start of `farrier machine cancel` until its agent has aborted the download. */
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
      better: "lower",
      unit: " s",
      details: { "middle, s": median(seconds), runs: seconds.length },
    },
    options.json,
  );
}
