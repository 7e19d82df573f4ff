// The guard of a lab (lab-guard.ts): its input ends when the process that started it has ended.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { orphanStop } from "../../src/database/embedded/embedded-orphan.ts";
import { labMachineList, qemuDirectory } from "../../src/lab/directory.ts";
import { processKill, qemuPid } from "../../src/lab/qemu-process.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import { guardReleased } from "./lab-guard.ts";

const [, , folder = "", dataDir = ""] = process.argv;
const patience = { clock: systemClock, milliseconds: 10_000 };

if ((await text(process.stdin)) !== guardReleased && folder !== "" && dataDir.startsWith(folder)) {
  // The control plane first: it would switch machines on again.
  await Promise.all((await farriers()).map(async (pid) => await processKill(pid, patience)));
  await orphanStop(join(dataDir, "postgres/data"), {
    clock: systemClock,
    log: createLogger({ level: "silent", component: "test" }),
  });
  const lab = join(dataDir, "lab");
  for (const machine of await labMachineList(lab)) {
    const pid = await qemuPid(qemuDirectory(lab, machine.name), machine);
    await (pid === undefined ? undefined : processKill(pid, patience));
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Processes of Farrier that were started with this data directory. */
async function farriers(): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)) {
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (words.includes(dataDir) && words.some((word) => word.endsWith("farrier.js"))) {
      found.push(Number(pid));
    }
  }
  return found;
}
