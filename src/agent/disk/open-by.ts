// Programs that have a device open without any sign of it in the kernel: no mount, no lock, no holder.
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { cleanText } from "../errors.ts";
import { deviceNumber } from "./device-number.ts";

/** A descriptor that another process has of a device. */
interface Opener {
  pid: string;
  descriptor: string;
  /** The process's start in clock ticks: another process that gets its id later has another. */
  started: string;
  program: string;
  path: string;
}

// udev and tools look at a disk for a moment. What works with it keeps it open.
const looks = 5;
/** Milliseconds between looks. */
const pause = 400;

/**
 * Says which process keeps one of these devices ("8:1") open; undefined = none that this process may look at. This process does not
 * count. `root` stands for "/", for tests.
 */
export async function openBy(
  devices: ReadonlySet<string>,
  root: string,
  clock: Pick<Clock, "sleep">,
): Promise<string | undefined> {
  let kept = await openers(devices, root);
  for (let look = 1; look < looks && kept.length > 0; look += 1) {
    await clock.sleep(pause);
    const now = new Set((await openers(devices, root)).map((opener) => openerKey(opener)));
    kept = kept.filter((opener) => now.has(openerKey(opener)));
  }
  const [first] = kept;
  return first === undefined ? undefined : `process ${first.pid} (${first.program}) has ${first.path} open`;
}

function openerKey({ pid, started, descriptor }: Opener): string {
  return `${pid} ${started} ${descriptor}`;
}

async function openers(devices: ReadonlySet<string>, root: string): Promise<Opener[]> {
  const found: Opener[] = [];
  const own = String(process.pid);
  for (const pid of (await readdir(join(root, "proc"))).filter((name) => /^\d+$/u.test(name) && name !== own)) {
    const folder = join(root, "proc", pid);
    // The descriptors of another user's process can't be read, nor those of an ended process.
    for (const descriptor of await readdir(join(folder, "fd")).catch(() => [])) {
      const link = join(folder, "fd", descriptor);
      const path = await readlink(link).catch(() => "");
      // No more than the name is looked at elsewhere: a file on a server that is away would hang this process.
      const owner = path.startsWith("/dev/") && devices.has(await deviceAt(link)) ? await ownerOf(folder) : undefined;
      if (owner !== undefined) {
        found.push({ pid, descriptor, path: cleanText(path, 100), ...owner });
      }
    }
  }
  return found;
}

/** "8:1"; "" = it is no block device, or gone. */
async function deviceAt(link: string): Promise<string> {
  const there = await stat(link, { bigint: true }).catch(() => undefined);
  if (there?.isBlockDevice() !== true) {
    return "";
  }
  const { major, minor } = deviceNumber(there.rdev);
  return `${major}:${minor}`;
}

/** Undefined = it has ended. */
async function ownerOf(folder: string): Promise<Pick<Opener, "started" | "program"> | undefined> {
  const text = await readFile(join(folder, "stat"), "utf8").catch(() => "");
  // proc_pid_stat(5): the program's name stands in parentheses and may have anything in it.
  const { name, rest } = /^\d+ \((?<name>[^]*)\) (?<rest>.*)$/u.exec(text.trim())?.groups ?? {};
  return name === undefined ? undefined : { program: cleanText(name, 100), started: rest?.split(" ")[19] ?? "" };
}
