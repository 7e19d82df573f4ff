import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readdir } from "node:fs/promises";
import type { Logger } from "../../lib/log.ts";
import { BlockDevice_Protocol } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { Disk } from "./disks.ts";
import { AgentError, errorText } from "../errors.ts";
import { runDiskProgram } from "./program.ts";

// A discard runs piece by piece, so that it can be aborted between two of them.
const discardStep = "1GiB";

/**
 * Removes all signatures (file systems, RAID, LVM, partition tables) from a disk and its partitions, and discards its
 * blocks if it supports that. Resolves to true if zeros need not be written afterwards.
 * @throws {AgentError} `program_failed` if the signatures can't be wiped
 */
export async function wipe(disk: Disk, log: Logger, signal: AbortSignal): Promise<boolean> {
  const { path, kind, device } = disk;
  if (kind === "file") {
    await runDiskProgram("wipefs", ["--all", "--force", path], { signal });
    const { blocks, size } = await stat(path);
    // st_blocks counts 512 bytes (inode(7)): true for a file with holes.
    return blocks * 512 < size;
  }
  const names = (await readdir(join("/sys/block", device.name))).filter((name) => name.startsWith(device.name));
  const partitions = names.toSorted().map((name) => join("/dev", name));
  // One by one, partitions first: each must be readable when its turn comes.
  for (const each of [...partitions, path]) {
    await runDiskProgram("wipefs", ["--all", "--force", each], { signal });
  }
  try {
    await runDiskProgram("blkdiscard", ["--force", "--step", discardStep, path], { signal });
    log.info("all blocks of the disk were discarded");
  } catch (error) {
    if (signal.aborted || !(error instanceof AgentError)) {
      throw error;
    }
    log.info({ reason: errorText(error) }, "the disk supports no discard: zeros are written to it too");
    return false;
  }
  return readsZerosAfterDiscard(device.protocol);
}

/**
 * Whether a disk reliably reads zeros after a discard. SCSI and ATA disks need not (SBC-4, 4.7.3.5; ACS-4, 7.5.3.3:
 * "non-deterministic"); NVMe disks do until the next write (NVM command set, 3.3.3.2.1), and so do virtual disks.
 */
export function readsZerosAfterDiscard(protocol: BlockDevice_Protocol): boolean {
  return protocol === BlockDevice_Protocol.NVME || protocol === BlockDevice_Protocol.UNKNOWN;
}
