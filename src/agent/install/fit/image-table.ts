// Reads an image's partitions from its beginning. Pure.
import { AgentError } from "../../errors.ts";
import { gptPartitions, gptReach, gptRead } from "./gpt.ts";
import type { Gpt } from "./gpt.ts";
import { mbrPartitions, mbrSectorBytes, mbrSystemType, protectiveType } from "./mbr.ts";
import type { MbrPartition } from "./mbr.ts";

/** An image's partition table. */
export type ImageTable =
  | { kind: "gpt"; gpt: Gpt }
  | { kind: "mbr"; partitions: MbrPartition[] }
  /** An ISO image, made for CDs and disks alike; its tables follow no single standard. */
  | { kind: "iso"; partitions: MbrPartition[] }
  | { kind: "none" };

// UEFI 2.10, 5.3.3.
const systemPartitionType = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
// ECMA-119, 6.2.1 and 8.1: the first volume descriptor is in sector 16.
const isoAt = 32_769;

/**
 * Parses the table in an image's beginning; `blockBytes` is the disk's logical block.
 * @throws {AgentError} `image_invalid` if it is damaged, or made for another block size
 */
export function imageTable(beginning: Buffer, blockBytes: number): ImageTable {
  const partitions = mbrPartitions(beginning);
  if (isIso(beginning)) {
    return { kind: "iso", partitions };
  }
  const gpt = gptRead(beginning, blockBytes);
  if (gpt !== undefined) {
    return { kind: "gpt", gpt };
  }
  if (partitions.some(({ type }) => type === protectiveType)) {
    throw new AgentError(
      "image_invalid",
      "the image is damaged: its first sector says that a partition table (GPT) follows, but there is none; build the image " +
        "anew and check it with sgdisk -v",
    );
  }
  return partitions.length === 0 ? { kind: "none" } : { kind: "mbr", partitions };
}

/** Whether an image is in ISO 9660 format. */
export function isIso(beginning: Buffer): boolean {
  return beginning.toString("latin1", isoAt, isoAt + 5) === "CD001";
}

/** Where each EFI system partition lies, in bytes from the disk's beginning. */
export function systemPartitionsOf(table: ImageTable): { number: number; start: number; bytes: number }[] {
  switch (table.kind) {
    case "gpt":
      return gptPartitions(table.gpt)
        .filter(({ type }) => type === systemPartitionType)
        .map(({ number, first, last }) => inBytes(number, first, last + 1 - first, table.gpt.blockBytes));
    case "mbr":
    case "iso":
      return table.partitions
        .filter(({ type }) => type === mbrSystemType)
        .map(({ number, first, blocks }) => inBytes(number, first, blocks, mbrSectorBytes));
    case "none":
      return [];
  }
}

function inBytes(
  number: number,
  first: number,
  blocks: number,
  blockBytes: number,
): { number: number; start: number; bytes: number } {
  return { number, start: first * blockBytes, bytes: blocks * blockBytes };
}

/**
 * Refuses a truncated image, whose partitions extend beyond its `bytes`.
 * @throws {AgentError} `image_invalid`
 */
export function requireWhole(table: ImageTable, bytes: number): void {
  for (const { number, last, blockBytes } of partitionEnds(table)) {
    const needed = (last + 1) * blockBytes;
    if (needed > bytes) {
      throw new AgentError(
        "image_invalid",
        `the image is cut short: it ends at block ${Math.ceil(bytes / blockBytes) - 1}, partition ${number} at ${last}; get or ` +
          `make it anew (only where nothing but zeros is missing: truncate -s ${needed} FILE)`,
      );
    }
  }
}

/**
 * Refuses by an image's first bytes what would otherwise be found after everything was written. A table that extends
 * beyond `head` is checked later. `imageBytes`: 0 means not known yet.
 * @throws {AgentError} `image_invalid`
 */
export function earlyTableCheck(head: Buffer, of: { blockBytes: number; imageBytes: number; uefi: boolean }): void {
  if (gptReach(head, of.blockBytes) > head.length) {
    return;
  }
  const table = imageTable(head, of.blockBytes);
  if (of.imageBytes > 0) {
    requireWhole(table, of.imageBytes);
  }
  if (of.uefi) {
    requireSystemPartition(table);
  }
}

function partitionEnds(table: ImageTable): { number: number; last: number; blockBytes: number }[] {
  switch (table.kind) {
    case "gpt":
      return gptPartitions(table.gpt).map(({ number, last }) => ({ number, last, blockBytes: table.gpt.blockBytes }));
    case "mbr":
    case "iso":
      return table.partitions
        .filter(({ type }) => type !== protectiveType)
        .map(({ number, first, blocks }) => ({ number, last: first + blocks - 1, blockBytes: mbrSectorBytes }));
    case "none":
      return [];
  }
}

/**
 * Checks what firmware needs to boot the image.
 * @throws {AgentError} `image_invalid` if the machine boots by UEFI and the image has no EFI system partition
 */
export function requireSystemPartition(table: ImageTable): void {
  if (systemPartitionsOf(table).length === 0) {
    throw new AgentError(
      "image_invalid",
      "the image has no EFI system partition, and this machine boots by UEFI: use an image made for UEFI, or set the " +
        "machine's firmware to BIOS",
    );
  }
}
