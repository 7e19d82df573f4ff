import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BigIntStats } from "node:fs";
import { deviceNumber } from "./device-number.ts";

/**
 * What a file used as a disk is in use for: a loop device on it (mounted or not), swap, or a lock that a program holds
 * on it, as QEMU does on its machines' disks. Undefined if no use is known. `root` replaces "/" in tests.
 */
export async function fileUse(path: string, root = "/"): Promise<string | undefined> {
  const own = await stat(path, { bigint: true });
  const real = await realpath(path);
  for (const name of await namesIn(join(root, "sys/block"))) {
    const backing = (await textOf(join(root, "sys/block", name, "loop/backing_file"))).replace(/\n$/u, "");
    if (backing !== "" && (backing === real || (await isSame(backing, own)))) {
      return `the loop device /dev/${name} is on it`;
    }
  }
  const swaps = await textOf(join(root, "proc/swaps"));
  if (swaps.split("\n").some((line) => line.split(/\s/u, 1)[0] === real)) {
    return "it is used as swap";
  }
  const locks = await textOf(join(root, "proc/locks"));
  return isLocked(locks, own) ? "a program holds a lock on it (QEMU does on the disks of its machines)" : undefined;
}

/** proc_locks(5): major and minor number in hexadecimal, and the inode. */
function isLocked(locks: string, { dev, ino }: BigIntStats): boolean {
  const { major, minor } = deviceNumber(dev);
  const hex = (number: number): string => number.toString(16).padStart(2, "0");
  const key = ` ${hex(major)}:${hex(minor)}:${ino} `;
  return locks.split("\n").some((line) => line.includes(key));
}

async function isSame(path: string, { dev, ino }: BigIntStats): Promise<boolean> {
  return stat(path, { bigint: true }).then(
    (other) => other.dev === dev && other.ino === ino,
    // A file that is gone, or in another mount namespace, is recognised by its path only.
    () => false,
  );
}

async function namesIn(folder: string): Promise<string[]> {
  // Not every system shows its devices: containers without /sys have none of their own.
  return readdir(folder).catch(() => []);
}

async function textOf(path: string): Promise<string> {
  // Most devices are not loop devices.
  return readFile(path, "utf8").catch(() => "");
}
