import { randomInt, randomUUID } from "node:crypto";
import type { ImageInstallation } from "../../../../gen/farrier/agent/v1/image_pb.ts";
import type { Disk } from "../../disk/disks.ts";
import { AgentError } from "../../errors.ts";
import { fatImage } from "./fat.ts";
import type { FatFile } from "./fat.ts";
import { gptAdd, gptFit, gptGrow, lastPartition } from "./gpt-fit.ts";
import { gptBytes, gptPartitions, gptRead } from "./gpt.ts";
import type { Gpt, GptPartition, PlacedBytes } from "./gpt.ts";
import { fileSystemGrow } from "./grow.ts";
import { protectiveMbrFit } from "./protective-mbr.ts";
import { seedBytes, seedFiles, seedLabel } from "./seed.ts";
import type { DiskWriter } from "../write.ts";
import { isZero } from "../../disk/zero.ts";

/** What the disk's partition table says to the steps that follow. */
export interface Configured {
  /** The number of the EFI system partition, where there is one. */
  systemPartition: number | undefined;
}

// UEFI 2.10, 5.3.3, and Microsoft's basic data partition, which is what holds FAT.
const systemPartitionType = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
const basicDataType = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7";
// What free clusters are looked for in.
const pieceBytes = 64 << 10;
// What older partitioning tools take for one block.
const defaultBlockBytes = 512;

/**
 * Fits an image that was written to its disk: the partition table's copy goes to the disk's end, and the cloud-init seed
 * into a partition in front of it; the last partition is grown where that is asked for. The table itself is only prepared: it
 * is written with the image's beginning, last. An image without a GPT is left as it is.
 * @throws {AgentError} `image_invalid`, `unsupported`, `disk_too_small`, `disk_failed`, `program_failed`
 */
export async function configure(options: {
  writer: DiskWriter;
  disk: Disk;
  image: ImageInstallation;
  instance: { machineId: string; generation: bigint };
  signal: AbortSignal;
}): Promise<Configured> {
  const { writer, disk, image, instance, signal } = options;
  const beginning = writer.beginning();
  const blockBytes = disk.device.logicalBlockSizeBytes || defaultBlockBytes;
  const diskBlocks = Math.floor(Number(disk.device.capacityBytes) / blockBytes);
  const files = seedFiles(image, instance);
  const found = gptRead(beginning, blockBytes);
  if (found === undefined) {
    if (image.grow) {
      throw new AgentError(
        "image_invalid",
        "the image has no GPT partition table, so there is no last partition to grow: use an image with a GPT, or ask " +
          "without grow",
      );
    }
    if (files.length > 0) {
      throw new AgentError(
        "image_invalid",
        "the image has no GPT partition table, so there is no place for cloud-init's data: use an image with a GPT, or " +
          "leave user data, meta data and network configuration out",
      );
    }
    return { systemPartition: undefined };
  }
  let gpt = gptFit(found, diskBlocks);
  const last = lastPartition(gpt);
  let end = gpt.lastUsable;
  if (files.length > 0) {
    const seeded = await seedWrite(writer, gpt, files);
    gpt = seeded.gpt;
    end = seeded.first - 1;
  }
  if (image.grow && last !== undefined) {
    const { gpt: next, grown } = gptGrow(gpt, last, end);
    gpt = next;
    await grow(writer, disk, { partition: grown, blockBytes }, signal);
  }
  const { primary, backup } = gptBytes(gpt, diskBlocks);
  for (const { position, bytes } of backup) {
    await writer.file.write(bytes, position);
  }
  putInto(beginning, primary);
  protectiveMbrFit(beginning, diskBlocks);
  return { systemPartition: gptPartitions(gpt).find(({ type }) => type === systemPartitionType)?.number };
}

async function grow(
  writer: DiskWriter,
  disk: Disk,
  of: { partition: GptPartition; blockBytes: number },
  signal: AbortSignal,
): Promise<void> {
  const { first, last } = of.partition;
  const lies = { start: first * of.blockBytes, bytes: (last + 1 - first) * of.blockBytes };
  // What of it is held back must be there while it is grown; in front of it the disk still has zeros.
  const held = writer.beginning().subarray(lies.start);
  await writer.file.write(held, lies.start);
  await writer.file.sync();
  await fileSystemGrow(disk, writer.file, lies, signal);
  (await writer.file.read(held.length, lies.start)).copy(held);
}

async function seedWrite(
  writer: DiskWriter,
  gpt: Gpt,
  files: readonly FatFile[],
): Promise<{ gpt: Gpt; first: number }> {
  const { blockBytes } = gpt;
  const seed = { type: basicDataType, id: randomUUID(), name: seedLabel, bytes: seedBytes };
  const { gpt: seeded, added } = gptAdd(gpt, seed);
  const serial = randomInt(1, 2 ** 32 - 1);
  const fat = fatImage({ bytes: seedBytes, sectorBytes: blockBytes, label: seedLabel, serial, files });
  await writer.file.write(fat.subarray(0, usedBytes(fat)), added.first * blockBytes);
  return { gpt: seeded, first: added.first };
}

/** How far something is in a file system: clusters behind that are free, and what is in them means nothing. */
function usedBytes(image: Buffer): number {
  let end = image.length;
  while (end > pieceBytes && isZero(image.subarray(end - pieceBytes, end))) {
    end -= pieceBytes;
  }
  return end;
}

function putInto(target: Buffer, placed: readonly PlacedBytes[]): void {
  for (const { position, bytes } of placed) {
    target.set(bytes, position);
  }
}
