import { randomInt, randomUUID } from "node:crypto";
import type { ImageInstallation } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Disk } from "../../disk/disks.ts";
import { AgentError } from "../../errors.ts";
import { fatImage } from "./fat.ts";
import type { FatFile } from "./fat.ts";
import { gptAdd, gptFit, gptGrow, lastPartition } from "./gpt-fit.ts";
import { gptBytes } from "./gpt.ts";
import type { Gpt, GptPartition, PlacedBytes } from "./gpt.ts";
import { fileSystemGrow } from "./grow.ts";
import { imageTable, requireSystemPartition, requireWhole } from "./image-table.ts";
import type { ImageTable } from "./image-table.ts";
import { imageLoader } from "./image-loader.ts";
import type { Loader } from "./loader.ts";
import { mbrSignatureFit } from "./mbr.ts";
import { labelRanges, rangesClear } from "./stale-labels.ts";
import { protectiveMbrFit } from "./protective-mbr.ts";
import { seedBytes, seedFiles, seedLabel } from "./seed.ts";
import type { DiskWriter } from "../write.ts";
import { isZero } from "../../disk/zero.ts";

/** What the disk says to the steps that follow. */
export interface Configured {
  /** What firmware is to start, on a machine that boots by UEFI. */
  loader: Loader | undefined;
}

// Microsoft's basic data partition type, used for FAT.
const basicDataType = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7";
// The unit in which free clusters are counted.
const pieceBytes = 64 << 10;
// The block size that older partitioning tools assume.
const defaultBlockBytes = 512;

/** Options for fitting a written image to its disk. */
export interface ConfigureOptions {
  writer: DiskWriter;
  disk: Disk;
  image: ImageInstallation;
  instance: { machineId: string; generation: bigint };
  /** The machine boots by UEFI. */
  uefi: boolean;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Fits a written image to its disk: the backup partition table goes to the disk's end, the cloud-init seed into a
 * partition before it, and the last partition is grown if requested. Leftovers of older uses in these places are
 * cleared first. The table itself is only prepared: it is written with the image's beginning, last. An image without a
 * GPT, or in ISO 9660 format, is left unchanged.
 * @throws {AgentError} `image_invalid`, `unsupported`, `disk_too_small`, `disk_failed`, `program_failed`
 */
export async function configure(options: ConfigureOptions): Promise<Configured> {
  const { writer, disk, image, instance, uefi, log } = options;
  const beginning = writer.beginning();
  const blockBytes = disk.device.logicalBlockSizeBytes || defaultBlockBytes;
  const files = seedFiles(image, instance);
  const table = imageTable(beginning, blockBytes);
  requireWhole(table, Number(writer.bytes()));
  if (uefi) {
    requireSystemPartition(table);
  }
  const loader = uefi ? await imageLoader(writer, table, log) : undefined;
  if (table.kind === "gpt") {
    await gptConfigure(options, table.gpt, files);
  } else {
    requireNothingToFit(table, image.grow, files.length > 0);
  }
  if (table.kind === "mbr" && uefi) {
    mbrSignatureFit(beginning, randomInt(1, 2 ** 32 - 1));
  }
  return { loader };
}

/** @throws {AgentError} `image_invalid` if something is requested that needs a GPT */
function requireNothingToFit(table: ImageTable, grow: boolean, seed: boolean): void {
  const what = table.kind === "iso" ? "is an ISO image, which is not changed" : "has no GPT partition table";
  if (grow) {
    throw new AgentError(
      "image_invalid",
      `the image ${what}, so there is no last partition to grow: use an image with a GPT, or ask without grow`,
    );
  }
  if (seed) {
    throw new AgentError(
      "image_invalid",
      `the image ${what}, so there is no place for cloud-init's data: use an image with a GPT, or leave user data, meta data, ` +
        "network configuration and the expectation that the system reports out",
    );
  }
}

async function gptConfigure(options: ConfigureOptions, found: Gpt, files: readonly FatFile[]): Promise<void> {
  const { writer, disk, image, log, signal } = options;
  const { blockBytes } = found;
  const beginning = writer.beginning();
  const diskBlocks = Math.floor(Number(disk.device.capacityBytes) / blockBytes);
  let gpt = gptFit(found, diskBlocks);
  const last = lastPartition(gpt);
  if (image.grow && last === undefined) {
    throw new AgentError(
      "image_invalid",
      "the image's partition table is empty, so there is nothing to grow: use an image with a partition, or ask without grow",
    );
  }
  await staleClear(options, last ?? { first: gpt.firstUsable, last: gpt.firstUsable - 1 }, blockBytes);
  let end = gpt.lastUsable;
  if (files.length > 0) {
    const seeded = await seedWrite(writer, gpt, files, signal);
    gpt = seeded.gpt;
    end = seeded.first - 1;
    // The end of the last partition from now on, whether it is grown here or by cloud-init.
    const before = { start: (last?.first ?? 0) * blockBytes, end: seeded.first * blockBytes };
    const free = { start: ((last?.last ?? gpt.firstUsable - 1) + 1) * blockBytes, end: before.end };
    await rangesClear(writer.file, labelRanges(before, free), signal);
  }
  if (image.grow && last !== undefined) {
    const { gpt: next, grown } = gptGrow(gpt, last, end);
    gpt = next;
    if (grown.last === last.last) {
      log.info(`nothing to grow: partition ${last.number} reaches the end of what is free already`);
    }
    await partitionGrow(writer, disk, { partition: grown, blockBytes }, signal);
  }
  const { primary, backup } = gptBytes(gpt, diskBlocks);
  for (const { position, bytes } of backup) {
    await writer.file.write(bytes, position);
  }
  putInto(beginning, primary);
  protectiveMbrFit(beginning, diskBlocks);
}

/** Clears leftovers where the last partition may grow, where others may be added after it, and at the disk's end. */
async function staleClear(
  { writer, disk, signal }: ConfigureOptions,
  last: Pick<GptPartition, "first" | "last">,
  blockBytes: number,
): Promise<void> {
  const diskEnd = Number(disk.device.capacityBytes);
  const behind = { start: (last.last + 1) * blockBytes, end: diskEnd };
  const ranges = [
    ...labelRanges({ start: last.first * blockBytes, end: diskEnd }, behind),
    ...labelRanges(behind, behind),
  ];
  await rangesClear(writer.file, ranges, signal);
}

async function partitionGrow(
  writer: DiskWriter,
  disk: Disk,
  of: { partition: GptPartition; blockBytes: number },
  signal: AbortSignal,
): Promise<void> {
  const { first, last } = of.partition;
  const lies = { start: first * of.blockBytes, bytes: (last + 1 - first) * of.blockBytes };
  // The part of the partition that is held back must be on the disk while it is grown; until then the disk has zeros
  // there.
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
  signal: AbortSignal,
): Promise<{ gpt: Gpt; first: number }> {
  const { blockBytes } = gpt;
  const seed = { type: basicDataType, id: randomUUID(), name: seedLabel, bytes: seedBytes };
  const { gpt: seeded, added } = gptAdd(gpt, seed);
  const serial = randomInt(1, 2 ** 32 - 1);
  const fat = fatImage({ bytes: seedBytes, sectorBytes: blockBytes, label: seedLabel, serial, files });
  const start = added.first * blockBytes;
  const area = { start, end: start + seedBytes };
  await rangesClear(writer.file, labelRanges(area, area), signal);
  await writer.file.write(fat.subarray(0, usedBytes(fat)), start);
  return { gpt: seeded, first: added.first };
}

/** The used length of a file system: clusters after it are free, and their content is irrelevant. */
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
