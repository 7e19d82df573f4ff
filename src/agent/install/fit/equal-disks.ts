import { open } from "node:fs/promises";
import type { Clock } from "../../../lib/clock.ts";
import type { Disk, DiskSource } from "../../disk/disks.ts";
import { diskIdOf } from "./disk-id.ts";

const headBytes = 1 << 20;
/** Milliseconds for all disks together: one that hangs must not keep the agent from starting. */
const limitMs = 20_000;

/**
 * Says which disks of the machine have partition tables with the same id, for the hardware report's warnings: a system that
 * looks for its root by UUID may take either. One disk by two paths is one disk, and disks that are all in use, as those
 * of a mirror are, belong together. What can't be read is left out.
 */
export async function equalDiskWarnings(disks: DiskSource, clock: Clock): Promise<string[]> {
  const ended = new AbortController();
  const late = clock.sleep(limitMs, ended.signal).then(
    () => [],
    () => [],
  );
  try {
    return await Promise.race([look(disks).catch(() => []), late]);
  } finally {
    ended.abort();
  }
}

async function look(source: DiskSource): Promise<string[]> {
  const found = await Promise.all((await source.list()).map(async (disk) => ({ disk, id: await idRead(disk) })));
  const groups = Map.groupBy(found, ({ id }) => id);
  groups.delete(undefined);
  const warnings = [...groups.values()].map((group) => groupWarning(source, distinct(group.map(({ disk }) => disk))));
  return (await Promise.all(warnings)).filter((warning) => warning !== undefined);
}

async function idRead(disk: Disk): Promise<string | undefined> {
  try {
    await using file = await open(disk.path, "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return diskIdOf(buffer.subarray(0, bytesRead), disk);
  } catch {
    // A disk without a medium, or with a table that is damaged, is like no other.
    return undefined;
  }
}

/** Each disk once, also where it is seen by several paths. */
function distinct(disks: readonly Disk[]): Disk[] {
  const known = new Set<string>();
  return disks.filter(({ device: { serialNumber, wwn } }) => {
    const names = [serialNumber, Buffer.from(wwn).toString("hex")].filter((name) => name !== "");
    const seen = names.some((name) => known.has(name));
    names.forEach((name) => known.add(name));
    return !seen;
  });
}

async function groupWarning(source: DiskSource, disks: readonly Disk[]): Promise<string | undefined> {
  const uses = await Promise.all(disks.map((disk) => source.use(disk)));
  const free = uses.includes(undefined);
  return disks.length < 2 || !free
    ? undefined
    : `disks ${disks.map(({ device }) => device.name).join(" and ")} have the same id, as after the same image was installed on ` +
        "both: a system that looks for its root by UUID may take either; wipe the one that is not needed (wipefs --all)";
}
