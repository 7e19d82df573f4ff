// Changes to the machine's other disks after an installation: cloud-init might choose one of Farrier's older seeds
// there.
import type { Logger } from "../../../lib/log.ts";
import type { DiskFile } from "../../disk/disk-file.ts";
import { diskFileOpen } from "../../disk/disk-file.ts";
import type { Disk, DiskSource } from "../../disk/disks.ts";
import { errorText } from "../../errors.ts";
import { diskUuids, tableBytes, uuidsShared } from "./disk-uuids.ts";
import type { DiskRead } from "./disk-uuids.ts";
import { fatUnlabelled, isOwnSeed } from "./fat-unlabel.ts";
import { gptPartitions, gptRead } from "./gpt.ts";

const defaultBlockBytes = 512;

/**
 * Removes the labels of Farrier's own seeds on the machine's other disks, so that cloud-init finds only the new seed.
 * Disks in use are left alone. Also logs which of these disks have the same id as the installed disk, or a file system
 * with the same UUID, because a system can't distinguish them. A disk that can't be read or written is skipped, and
 * that is logged.
 */
export async function otherDisksFit(of: {
  disks: DiskSource;
  chosen: Disk;
  /** Reads the chosen disk in its installed state. */
  read: DiskRead;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { disks, chosen, read, log, signal } = of;
  // An image with another layout (ISO, another block size) is compared with no disk.
  const own = await diskUuids(chosen, read).catch(() => undefined);
  for (const disk of await disks.list()) {
    signal.throwIfAborted();
    if (disk.path === chosen.path || (await disks.use(disk, "short")) !== undefined) {
      continue;
    }
    try {
      await using file = await diskFileOpen(disk);
      await seedsUnlabel(file, await file.read(tableBytes, 0), disk, log);
      const uuids = await diskUuids(disk, (length, position) => file.read(length, position));
      const equal = own === undefined ? undefined : uuidsShared(own, uuids);
      if (equal !== undefined) {
        log.warn(
          `disks ${chosen.device.name} and ${disk.device.name} have ${equal}, for the same image was installed on both: a ` +
            `system that looks for its root by UUID may take either; if ${disk.device.name} is not needed, wipe it: ` +
            `wipefs --all --force /dev/${disk.device.name}`,
        );
      }
    } catch (error) {
      signal.throwIfAborted();
      log.info(
        { disk: disk.device.name, reason: errorText(error) },
        "another disk could not be searched for older seeds",
      );
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
