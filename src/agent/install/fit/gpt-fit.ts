// Changes an image's partition table for the disk that it is written to. Pure.
import { AgentError } from "../../errors.ts";
import { entryBlocks, gptEntry, gptPartitions } from "./gpt.ts";
import type { Gpt, GptPartition } from "./gpt.ts";

/** Partitions begin at whole mebibytes, as partitioning tools align them. */
const alignBytes = 1 << 20;

/**
 * The same table with the whole disk usable.
 * @throws {AgentError} `disk_too_small` if a partition leaves no room for the backup table at the disk's end
 */
export function gptFit(gpt: Gpt, diskBlocks: number): Gpt {
  const lastUsable = diskBlocks - 2 - entryBlocks(gpt);
  const last = lastPartition(gpt);
  if (last !== undefined && last.last > lastUsable) {
    throw new AgentError(
      "disk_too_small",
      `partition ${last.number} of the image ends at block ${last.last}, the disk's last usable one is ${lastUsable}: ` +
        "choose a larger disk",
    );
  }
  return { ...gpt, lastUsable };
}

/**
 * The table with another partition of `bytes`, as near to the disk's end as possible.
 * @throws {AgentError} `disk_too_small` if there is no room after the image's last partition; `image_invalid` if the
 * table is full
 */
export function gptAdd(
  gpt: Gpt,
  partition: { type: string; id: string; name: string; bytes: number },
): { gpt: Gpt; added: GptPartition } {
  const align = alignBytes / gpt.blockBytes;
  const blocks = Math.ceil(partition.bytes / gpt.blockBytes);
  const first = Math.floor((gpt.lastUsable + 1 - blocks) / align) * align;
  const end = lastPartition(gpt)?.last ?? gpt.firstUsable - 1;
  if (first <= end) {
    const room = Math.max(0, gpt.lastUsable - end) * gpt.blockBytes;
    throw new AgentError(
      "disk_too_small",
      `the partition ${partition.name} takes ${partition.bytes} bytes, and behind the image's last partition there are ` +
        `${room}: choose a larger disk, or an image that leaves room`,
    );
  }
  const free = freeEntry(gpt);
  const added = { number: free + 1, type: partition.type, first, last: first + blocks - 1 };
  const entries = Buffer.from(gpt.entries);
  gptEntry(gpt, { ...added, id: partition.id, name: partition.name }).copy(entries, free * gpt.entryBytes);
  return { gpt: { ...gpt, entries }, added };
}

/** The table with its last partition grown to block `end`, or unchanged if `end` lies before the partition's end. */
export function gptGrow(gpt: Gpt, partition: GptPartition, end: number): { gpt: Gpt; grown: GptPartition } {
  const align = alignBytes / gpt.blockBytes;
  // Whole mebibytes: the next partition begins at one anyway, and file systems use larger blocks.
  const last = Math.max(partition.last, Math.floor((end + 1) / align) * align - 1);
  const entries = Buffer.from(gpt.entries);
  entries.writeBigUInt64LE(BigInt(last), (partition.number - 1) * gpt.entryBytes + 40);
  return { gpt: { ...gpt, entries }, grown: { ...partition, last } };
}

/** The partition that lies after all others. */
export function lastPartition(gpt: Gpt): GptPartition | undefined {
  const [first, ...others] = gptPartitions(gpt);
  return others.reduce((last, each) => (last !== undefined && last.last >= each.last ? last : each), first);
}

function freeEntry(gpt: Gpt): number {
  for (let index = 0; index * gpt.entryBytes < gpt.entries.length; index += 1) {
    const at = index * gpt.entryBytes;
    if (gpt.entries.subarray(at, at + 16).every((byte) => byte === 0)) {
      return index;
    }
  }
  throw new AgentError("image_invalid", "the image's partition table is full: no partition can be added to it");
}
