// Finds programs that have a device open although the kernel shows no use of it: no mount, no lock, no holder.
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { cleanText } from "../errors.ts";
import { deviceNumber } from "./device-number.ts";

/** A file descriptor by which another process has a device open. */
interface Opener {
  pid: string;
  descriptor: string;
  /** The start time of the process in clock ticks. It distinguishes the process from a later one with the same id. */
  started: string;
  program: string;
  path: string;
}

/**
 * Milliseconds between the searches. udev and tools open a disk for a moment, and a monitor such as smartd for as long as
 * a disk takes to spin up, about 10 s; a program that uses the disk keeps it open.
 */
const pauses = { short: [400, 400, 400, 400], long: [400, 400, 800, 1_600, 3_200, 6_400] } as const;

/** How long a program must keep a disk open to count as its user: 1.6 s, or 12.8 s for a disk that is to be written. */
export type OpenPatience = keyof typeof pauses;

/**
 * Says which other process keeps one of the devices (such as "8:1") open. Undefined = none, as far as this process may
 * see.
 * @param root the directory in place of "/", for tests
 */
export async function openBy(
  devices: ReadonlySet<string>,
  root: string,
  clock: Pick<Clock, "sleep">,
  patience: OpenPatience,
): Promise<string | undefined> {
  let kept = await openers(devices, root);
  for (const pause of pauses[patience]) {
    if (kept.length === 0) {
      return undefined;
    }
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
    // The descriptors of another user's process, or of an ended process, can't be read.
    for (const descriptor of await readdir(join(folder, "fd")).catch(() => [])) {
      const link = join(folder, "fd", descriptor);
      const path = await readlink(link).catch(() => "");
      // Only a path below /dev is examined further: stat of a file on an unreachable file server would hang this
      // process.
      const owner = path.startsWith("/dev/") && devices.has(await deviceAt(link)) ? await ownerOf(folder) : undefined;
      if (owner !== undefined) {
        found.push({ pid, descriptor, path: cleanText(path, 100), ...owner });
      }
    }
  }
  return found;
}

/** The device number, such as "8:1"; "" = the link leads to no block device, or is gone. */
async function deviceAt(link: string): Promise<string> {
  const there = await stat(link, { bigint: true }).catch(() => undefined);
  if (there?.isBlockDevice() !== true) {
    return "";
  }
  const { major, minor } = deviceNumber(there.rdev);
  return `${major}:${minor}`;
}

/** The program and start time of a process; undefined = it has ended. */
async function ownerOf(folder: string): Promise<Pick<Opener, "started" | "program"> | undefined> {
  const text = await readFile(join(folder, "stat"), "utf8").catch(() => "");
  // proc_pid_stat(5): the program's name is in parentheses and may contain any character.
  const { name, rest } = /^\d+ \((?<name>[^]*)\) (?<rest>.*)$/u.exec(text.trim())?.groups ?? {};
  return name === undefined ? undefined : { program: cleanText(name, 100), started: rest?.split(" ")[19] ?? "" };
}
