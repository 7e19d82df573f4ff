// Clears what older uses of a disk left after the image. Labels of RAID, volumes and file systems are at the ends of
// their areas, and a partition that is added or grown over a label would be mistaken for the old area.
import type { DiskFile } from "../../disk/disk-file.ts";
import { isZero } from "../../disk/zero.ts";

/** A range of bytes on a disk, from `start` up to but not including `end`. */
export interface DiskRange {
  start: number;
  end: number;
}

// The farthest positions that libblkid's probes read: at the beginning LUKS2's second header (4 MiB), at the end ZFS
// labels (512 KiB), md 0.90 (128 KiB), GPT, DDF, IMSM and other controllers' RAID.
const edgeBytes = 4 << 20;
// Positions of btrfs' super block copies (volumes.h: btrfs_sb_offset).
const btrfsCopies = [64 * 2 ** 20, 256 * 2 ** 30];
const btrfsSuperBytes = 4096;
const stepBytes = 1 << 20;

/** Where labels of something that fills `area` may be, limited to `within`. Pure. */
export function labelRanges(area: DiskRange, within: DiskRange): DiskRange[] {
  const places = [
    { start: area.start, end: area.start + edgeBytes },
    ...btrfsCopies.map((at) => ({ start: area.start + at, end: area.start + at + btrfsSuperBytes })),
    { start: area.end - edgeBytes, end: area.end },
  ];
  return places
    .map(({ start, end }) => ({
      start: Math.max(start, area.start, within.start),
      end: Math.min(end, area.end, within.end),
    }))
    .filter(({ start, end }) => start < end);
}

/** Writes zeros to these bytes unless they are zero already. @throws {AgentError} `disk_failed` */
export async function rangesClear(file: DiskFile, ranges: readonly DiskRange[], signal: AbortSignal): Promise<void> {
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at += stepBytes) {
      signal.throwIfAborted();
      const bytes = await file.read(Math.min(stepBytes, end - at), at);
      if (!isZero(bytes)) {
        await file.write(Buffer.alloc(bytes.length), at);
      }
    }
  }
}
