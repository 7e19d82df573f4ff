// What an installation does to a machine's other disks: an older seed of Farrier's there would be cloud-init's choice too.
import type { Logger } from "../../../lib/log.ts";
import type { DiskFile } from "../../disk/disk-file.ts";
import { diskFileOpen } from "../../disk/disk-file.ts";
import type { Disk, DiskSource } from "../../disk/disks.ts";
import { errorText } from "../../errors.ts";
import { diskIdOf } from "./disk-id.ts";
import { fatUnlabelled, isOwnSeed } from "./fat-unlabel.ts";
import { gptPartitions, gptRead } from "./gpt.ts";

const defaultBlockBytes = 512;
const headBytes = 1 << 20;

/**
 * Takes the label from Farrier's own seeds on the machine's other disks that nobody uses, so that cloud-init finds the new
 * one alone, and says in the log which of these disks has the same id as the one that was installed: their partitions and
 * file systems can't be told apart. What can't be read or written is left, and said.
 */
export async function otherDisksFit(of: {
  disks: DiskSource;
  chosen: Disk;
  /** The beginning of the disk that was installed. */
  beginning: Buffer;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { disks, chosen, beginning, log, signal } = of;
  const own = diskIdOf(beginning, chosen);
  for (const disk of await disks.list()) {
    signal.throwIfAborted();
    if (disk.path === chosen.path || (await disks.use(disk)) !== undefined) {
      continue;
    }
    try {
      await using file = await diskFileOpen(disk);
      const head = await file.read(headBytes, 0);
      await seedsUnlabel(file, head, disk, log);
      if (own !== undefined && diskIdOf(head, disk) === own) {
        log.warn(
          `disks ${chosen.device.name} and ${disk.device.name} have the same id, for the same image was installed on both: a ` +
            `system that looks for its root by UUID may take either; if ${disk.device.name} is not needed, wipe it: ` +
            `wipefs --all --force /dev/${disk.device.name}`,
        );
      }
    } catch (error) {
      signal.throwIfAborted();
      log.info({ disk: disk.device.name, reason: errorText(error) }, "another disk was not looked at for older seeds");
    }
  }
}

async function seedsUnlabel(file: DiskFile, head: Buffer, disk: Disk, log: Logger): Promise<void> {
  const blockBytes = disk.device.logicalBlockSizeBytes || defaultBlockBytes;
  const gpt = gptRead(head, blockBytes);
  for (const { number, first } of gpt === undefined ? [] : gptPartitions(gpt)) {
    const start = first * blockBytes;
    const system = await file.read(64 << 10, start);
    if (isOwnSeed(system)) {
      await file.write(fatUnlabelled(system), start);
      await file.sync();
      log.info(`the older seed for cloud-init on disk ${disk.device.name}, partition ${number}, lost its label`);
    }
  }
}
