import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Disk } from "../../disk/disks.ts";
import { AgentError } from "../../errors.ts";
import type { DiskFile } from "../../disk/disk-file.ts";
import { runDiskProgram } from "../../disk/program.ts";

/** A file system's position on its disk, in bytes. */
export interface FileSystemPlace {
  start: number;
  bytes: number;
}

const copyBytes = 4 << 20;
const sectorBytes = 512;
// e2fsck(8): 1 = errors were corrected.
const checkedStatuses = [0, 1];

/**
 * Grows a partition's file system to the partition's size. Unmounted ext2, ext3 and ext4 can be grown; others must be
 * mounted, which is left to cloud-init.
 * @throws {AgentError} `unsupported` for another file system; `program_failed`, `disk_failed`
 */
export async function fileSystemGrow(
  disk: Disk,
  file: DiskFile,
  place: FileSystemPlace,
  signal: AbortSignal,
): Promise<void> {
  const kind = fileSystemKind(await file.read(128 << 10, place.start));
  if (kind !== "ext") {
    throw new AgentError(
      "unsupported",
      `the image's last partition has ${kind}, and only ext2, ext3 and ext4 are grown at installation: ask without ` +
        "grow, and let cloud-init (growpart, resize_rootfs) grow it on the first boot",
    );
  }
  if (disk.kind === "block") {
    // The programs open the disk exclusively.
    await file.unclaim();
    await extGrow(`${disk.path}?offset=${place.start}`, place.bytes, signal);
    return;
  }
  // resize2fs truncates a regular file to the file system's size without regard to the offset.
  const folder = await mkdtemp(join(tmpdir(), "farrier-grow-"));
  try {
    const copy = join(folder, "file-system");
    await using handle = await open(copy, "wx+", 0o600);
    await copyOut(file, place, handle, signal);
    await handle.truncate(place.bytes);
    await extGrow(copy, place.bytes, signal);
    await copyIn(handle, file, place, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function extGrow(target: string, bytes: number, signal: AbortSignal): Promise<void> {
  // resize2fs requires a checked file system.
  await runDiskProgram("e2fsck", ["-f", "-p", target], { signal, statuses: checkedStatuses });
  await runDiskProgram("resize2fs", [target, `${Math.floor(bytes / sectorBytes)}s`], { signal });
}

/** The file system at a partition's beginning, by its magic number. Pure. */
export function fileSystemKind(beginning: Buffer): string {
  // Each at its place: ext4's super block at 1 KiB, XFS' at 0, btrfs' at 64 KiB, LUKS' header at 0.
  if (beginning.length > 1082 && beginning.readUInt16LE(1080) === 0xef53) {
    return "ext";
  }
  const names: [number, string, string][] = [
    [0, "XFSB", "XFS"],
    [(64 << 10) + 64, "_BHRfS_M", "btrfs"],
    [0, "LUKS\u00ba\u00be", "encryption (LUKS)"],
    [512, "LABELONE", "LVM"],
    [82, "FAT32", "FAT"],
    [54, "FAT1", "FAT"],
  ];
  return (
    names.find(([at, magic]) => beginning.toString("latin1", at, at + magic.length) === magic)?.[2] ??
    "no file system that is known"
  );
}

async function copyOut(
  file: DiskFile,
  place: FileSystemPlace,
  into: { write(bytes: Buffer, offset: number, length: number, position: number): Promise<unknown> },
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < place.bytes; at += copyBytes) {
    signal.throwIfAborted();
    const bytes = await file.read(Math.min(copyBytes, place.bytes - at), place.start + at);
    await into.write(bytes, 0, bytes.length, at);
  }
}

async function copyIn(
  from: { read(into: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }> },
  file: DiskFile,
  place: FileSystemPlace,
  signal: AbortSignal,
): Promise<void> {
  const buffer = Buffer.alloc(copyBytes);
  for (let at = 0; at < place.bytes;) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, Math.min(copyBytes, place.bytes - at), at);
    if (bytesRead === 0) {
      break;
    }
    await file.write(buffer.subarray(0, bytesRead), place.start + at);
    at += bytesRead;
  }
}
