// By what a system finds a disk and what is on it: the id of its partition table, and the UUIDs of its file systems.
import type { Disk } from "../../disk/disks.ts";
import { diskIdOf } from "./disk-id.ts";
import { fileSystemId, fileSystemIdBytes } from "./file-system-id.ts";
import { gptPartitions, gptRead } from "./gpt.ts";
import { isIso } from "./image-table.ts";
import { extendedTypes, mbrPartitions, mbrSectorBytes } from "./mbr.ts";

/** The ids of a disk. */
export interface DiskUuids {
  /** Of its partition table; undefined = it has none. */
  table: string | undefined;
  /** Of its file systems, as {@link fileSystemId} writes them. */
  fileSystems: ReadonlySet<string>;
}

/** Reads bytes of a disk, from `position` on; fewer at its end. */
export type DiskRead = (length: number, position: number) => Promise<Buffer>;

/** Bytes of a disk's beginning that have all of its table. */
export const tableBytes = 1 << 20;
const defaultBlockBytes = 512;
// Linux knows no more partitions of one disk.
const partitionsMost = 256;

/** @throws {AgentError} `image_invalid` where the table is damaged, and what `read` throws */
export async function diskUuids(disk: Disk, read: DiskRead): Promise<DiskUuids> {
  const beginning = await read(tableBytes, 0);
  const fileSystems = new Set<string>();
  for (const start of (await fileSystemStarts(beginning, disk, read)).slice(0, partitionsMost)) {
    const id = fileSystemId(await read(fileSystemIdBytes, start));
    if (id !== undefined) {
      fileSystems.add(id);
    }
  }
  return { table: diskIdOf(beginning, disk), fileSystems };
}

// More of them make a line that nobody reads.
const toldMost = 3;

/** What two disks have in common; undefined = nothing. */
export function uuidsShared(one: DiskUuids, other: DiskUuids): string | undefined {
  const table = one.table !== undefined && one.table === other.table;
  const fileSystems = [...one.fileSystems].filter((id) => other.fileSystems.has(id));
  return table || fileSystems.length > 0 ? equalWords({ table, fileSystems }) : undefined;
}

/** "the same id, and file systems with the same UUID (ext 1c2…)": what disks have in common, for people. Pure. */
export function equalWords({ table, fileSystems }: { table: boolean; fileSystems: readonly string[] }): string {
  const told = fileSystems.slice(0, toldMost).join(", ");
  const more = fileSystems.length > toldMost ? ` and ${fileSystems.length - toldMost} more` : "";
  const same = fileSystems.length === 0 ? [] : [`file systems with the same UUID (${told}${more})`];
  return [...(table ? ["the same id"] : []), ...same].join(", and ");
}

/** Where file systems may begin, in bytes. */
async function fileSystemStarts(beginning: Buffer, disk: Disk, read: DiskRead): Promise<number[]> {
  // Its tables describe it in ways of their own, and it is no root that is looked for by UUID.
  if (isIso(beginning)) {
    return [];
  }
  const blockBytes = disk.device.logicalBlockSizeBytes || defaultBlockBytes;
  const gpt = gptRead(beginning, blockBytes);
  if (gpt !== undefined) {
    return gptPartitions(gpt).map(({ first }) => first * blockBytes);
  }
  const partitions = mbrPartitions(beginning);
  if (partitions.length === 0) {
    return [0];
  }
  const extended = partitions.find(({ type }) => extendedTypes.has(type));
  return [
    ...partitions.filter((each) => each !== extended).map(({ first }) => first * mbrSectorBytes),
    ...(extended === undefined ? [] : await logicalStarts(extended.first, read)),
  ];
}

/** The logical partitions within an extended one: each record names one, counted from itself, and the next record, counted from the first. */
async function logicalStarts(extended: number, read: DiskRead): Promise<number[]> {
  const starts: number[] = [];
  for (let record = extended; starts.length < partitionsMost;) {
    const entries = mbrPartitions(await read(mbrSectorBytes, record * mbrSectorBytes));
    const logical = entries.find(({ type }) => !extendedTypes.has(type));
    const next = entries.find(({ type }) => extendedTypes.has(type));
    if (logical !== undefined) {
      starts.push((record + logical.first) * mbrSectorBytes);
    }
    // Each lies behind the one before it: so a damaged chain ends.
    if (next === undefined || extended + next.first <= record) {
      break;
    }
    record = extended + next.first;
  }
  return starts;
}
