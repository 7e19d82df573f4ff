import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorCode } from "../../lib/errors.ts";
import { openBy, type OpenPatience } from "./open-by.ts";

/**
 * What a disk of the running system is in use for: a mounted file system or swap on it or on one of its partitions, or
 * a device (RAID, LVM, encryption) built on them, or another process that keeps them open. Undefined = nothing. `root` stands for
 * "/", for tests.
 * @throws when /proc or /sys cannot be read: in doubt a disk is not to be written
 */
export async function diskUse(
  name: string,
  root = "/",
  clock: Pick<Clock, "sleep"> = systemClock,
  patience: OpenPatience = "long",
): Promise<string | undefined> {
  const block = join(root, "sys/block", name);
  const parts = [name, ...(await readdir(block)).filter((entry) => entry.startsWith(name)).toSorted()];
  const mounts = await readFile(join(root, "proc/self/mountinfo"), "utf8");
  const swaps = await readIfThere(join(root, "proc/swaps"));
  const numbers = new Set<string>();
  for (const part of parts) {
    const folder = part === name ? block : join(block, part);
    const number = (await readIfThere(join(folder, "dev"))).trim();
    numbers.add(number);
    const mount = mountedAt(mounts, number, `/dev/${part}`);
    if (mount !== undefined) {
      return `/dev/${part} is mounted at ${mount}`;
    }
    if (swaps.split("\n").some((line) => line.split(/\s/u, 1)[0] === `/dev/${part}`)) {
      return `/dev/${part} is used as swap`;
    }
    const holders = await listIfThere(join(folder, "holders"));
    if (holders.length > 0) {
      return `/dev/${part} is held by ${holders.join(", ")}`;
    }
  }
  return openBy(numbers, root, clock, patience);
}

/**
 * The mount point of a device (proc_pid_mountinfo(5): field 3 is major:minor, 5 the mount point, the source follows
 * "-").
 */
function mountedAt(mountinfo: string, number: string, path: string): string | undefined {
  for (const line of mountinfo.split("\n")) {
    const [front = "", back = ""] = line.split(" - ");
    const fields = front.split(" ");
    // Some file systems (btrfs) have a device number of their own, and name the device only as their source.
    if ((number !== "" && fields[2] === number) || back.split(" ")[1] === path) {
      return fields[4];
    }
  }
  return undefined;
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return "";
    }
    throw error;
  }
}

async function listIfThere(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  }
}
