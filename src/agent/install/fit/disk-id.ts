import type { Disk } from "../../disk/disks.ts";
import { gptRead } from "./gpt.ts";
import { mbrPartitions } from "./mbr.ts";

const defaultBlockBytes = 512;
// Offset of the disk signature in a master boot record (UEFI 2.10, 5.2.1).
const mbrIdAt = 440;

/**
 * The id of a disk's partition table as text; undefined if it has no table, or a table without an id.
 * @param beginning the disk's first bytes, with the whole table
 * @throws {AgentError} `image_invalid` if the table is damaged
 */
export function diskIdOf(beginning: Buffer, disk: Disk): string | undefined {
  const gpt = gptRead(beginning, disk.device.logicalBlockSizeBytes || defaultBlockBytes);
  if (gpt !== undefined) {
    return gpt.diskGuid.toString("hex");
  }
  // A file system without a table may have anything in the signature's place.
  const id = mbrPartitions(beginning).length === 0 ? 0 : beginning.readUInt32LE(mbrIdAt);
  return id === 0 ? undefined : id.toString(16);
}
