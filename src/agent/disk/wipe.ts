import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readdir } from "node:fs/promises";
import type { Logger } from "../../lib/log.ts";
import { BlockDevice_Protocol } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { Disk } from "./disks.ts";
import { AgentError, errorText } from "../errors.ts";
import { runDiskProgram } from "./program.ts";

// A discard is given piece by piece: between two of them it can be broken off.
const discardStep = "1GiB";

/**
 * Takes from a disk and its partitions whatever tells of what was on it (file systems, RAID, LVM, partition tables), and
 * gives its blocks back where it knows how to. True: blocks that read as zeros may be left as they are.
 * @throws {AgentError} `program_failed` when the signatures can't be wiped
 */
export async function wipe(disk: Disk, log: Logger, signal: AbortSignal): Promise<boolean> {
  const { path, kind, device } = disk;
  if (kind === "file") {
    await runDiskProgram("wipefs", ["--all", "--force", path], { signal });
    const { blocks, size } = await stat(path);
    // st_blocks counts 512 bytes (inode(7)): a file that has holes.
    return blocks * 512 < size;
  }
  const names = (await readdir(join("/sys/block", device.name))).filter((name) => name.startsWith(device.name));
  const partitions = names.toSorted().map((name) => join("/dev", name));
  // One by one, the partitions first: each must be readable when its turn comes.
  for (const each of [...partitions, path]) {
    await runDiskProgram("wipefs", ["--all", "--force", each], { signal });
  }
  try {
    await runDiskProgram("blkdiscard", ["--force", "--step", discardStep, path], { signal });
    log.info("all blocks of the disk were given back");
  } catch (error) {
    if (signal.aborted || !(error instanceof AgentError)) {
      throw error;
    }
    log.info({ reason: errorText(error) }, "the disk takes no blocks back: zeros are written to it too");
    return false;
  }
  return readsZerosAfterDiscard(device.protocol);
}

/**
 * Whether what a disk reads as after a discard it goes on reading as. Disks of SCSI and ATA need not (SBC-4, 4.7.3.5; ACS-4,
 * 7.5.3.3: "non-deterministic"); NVMe's do until the next write (NVM command set, 3.3.3.2.1), and so do virtual ones.
 */
export function readsZerosAfterDiscard(protocol: BlockDevice_Protocol): boolean {
  return protocol === BlockDevice_Protocol.NVME || protocol === BlockDevice_Protocol.UNKNOWN;
}
