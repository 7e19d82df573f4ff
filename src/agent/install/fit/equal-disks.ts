import { open } from "node:fs/promises";
import type { Clock } from "../../../lib/clock.ts";
import type { Disk, DiskSource } from "../../disk/disks.ts";
import { diskUuids, equalWords } from "./disk-uuids.ts";
import type { DiskUuids } from "./disk-uuids.ts";

/** Milliseconds for all disks together: a hanging disk must not keep the agent from starting. */
const limitMs = 20_000;

/**
 * Warnings for the hardware report: which of the machine's disks have partition tables with the same id, or file
 * systems with the same UUID. A system that looks for its root by UUID may take either disk. A disk with two paths is
 * one disk. Disks that are all in use, such as the halves of a mirror, belong together and give no warning. Disks that
 * can't be read are left out.
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
  const found = await Promise.all(
    distinct(await source.list()).map(async (disk) => ({ disk, uuids: await uuidsRead(disk) })),
  );
  const all = found.flatMap(({ uuids }) => (uuids === undefined ? [] : [uuids]));
  const tables = new Set(all.flatMap(({ table }) => table ?? []));
  const fileSystems = new Set(all.flatMap(({ fileSystems: ids }) => [...ids]));
  const having = (has: (uuids: DiskUuids) => boolean): Disk[] =>
    found.filter(({ uuids }) => uuids !== undefined && has(uuids)).map(({ disk }) => disk);
  const shared = [
    ...[...tables].map((id) => ({ disks: having(({ table }) => table === id), table: true, fileSystem: [] })),
    ...[...fileSystems].map((id) => ({
      disks: having((of) => of.fileSystems.has(id)),
      table: false,
      fileSystem: [id],
    })),
  ];
  // One warning for everything that the same disks share.
  const groups = Map.groupBy(shared, ({ disks }) => disks.map(({ device }) => device.name).join(" "));
  const warnings = [...groups.values()].map((group) =>
    groupWarning(
      source,
      group[0]?.disks ?? [],
      equalWords({
        table: group.some(({ table }) => table),
        fileSystems: group.flatMap(({ fileSystem }) => fileSystem),
      }),
    ),
  );
  return (await Promise.all(warnings)).filter((warning) => warning !== undefined);
}

async function uuidsRead(disk: Disk): Promise<DiskUuids | undefined> {
  try {
    await using file = await open(disk.path, "r");
    return await diskUuids(disk, async (length, position) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    });
  } catch {
    // A disk without a medium, or with a damaged table, is compared with no other.
    return undefined;
  }
}

/** Each disk once, even if it has several paths. */
function distinct(disks: readonly Disk[]): Disk[] {
  const known = new Set<string>();
  return disks.filter(({ device: { serialNumber, wwn } }) => {
    const names = [serialNumber, Buffer.from(wwn).toString("hex")].filter((name) => name !== "");
    const seen = names.some((name) => known.has(name));
    names.forEach((name) => known.add(name));
    return !seen;
  });
}

async function groupWarning(source: DiskSource, disks: readonly Disk[], equal: string): Promise<string | undefined> {
  if (disks.length < 2) {
    return undefined;
  }
  const uses = await Promise.all(disks.map((disk) => source.use(disk, "short")));
  return uses.includes(undefined)
    ? `disks ${disks.map(({ device }) => device.name).join(" and ")} have ${equal}, as after the same image was installed on ` +
        "both: a system that looks for its root by UUID may take either; wipe the disk that is not needed (wipefs --all)"
    : undefined;
}
