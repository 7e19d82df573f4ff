// Stores a file that can't be written as it arrives on the disk that it is for, behind the space of the converted
// image.
import type { Disk } from "../disk/disks.ts";
import { AgentError } from "../errors.ts";
import { alignedBuffer } from "../disk/aligned-buffer.ts";
import type { DiskFile } from "../disk/disk-file.ts";

/** A part of a disk that stores a file temporarily. */
export interface Stage {
  /** @throws {AgentError} `disk_too_small`, `disk_failed` */
  write(chunk: Buffer): Promise<void>;
  /** Flushes the whole file to the disk. */
  finish(): Promise<void>;
  /** Bytes given to `write`. */
  bytes(): number;
  /** Reads from the file; fewer bytes at its end. */
  read(length: number, position: number): Promise<Buffer>;
  /** Overwrites what is left of it, so that nothing recognises it. */
  discard(): Promise<void>;
}

const blockBytes = 4 << 20;

/**
 * Reserves space after the first `needed` bytes of a disk, for `length` bytes if that is known.
 * @throws {AgentError} `disk_too_small`
 */
export function stageOpen(disk: Disk, file: DiskFile, room: { needed: number; length: number | undefined }): Stage {
  const capacity = Math.floor(Number(disk.device.capacityBytes) / file.alignBytes) * file.alignBytes;
  const { needed, length } = room;
  const start = Math.ceil(needed / blockBytes) * blockBytes;
  const tooSmall = (): AgentError =>
    new AgentError(
      "disk_too_small",
      `disk ${disk.device.name} has ${disk.device.capacityBytes} bytes; a qcow2 image takes, while it is converted, its own ` +
        `${length ?? "size"} bytes beside the ${needed} of its disk: choose a larger disk, or a raw image (packed with zstd)`,
    );
  if (start + (length ?? 0) > capacity) {
    throw tooSmall();
  }
  const buffer = alignedBuffer(blockBytes);
  let filled = 0;
  let written = 0;
  return {
    write: async (chunk) => {
      if (start + written + filled + chunk.length > capacity) {
        throw tooSmall();
      }
      for (let offset = 0; offset < chunk.length;) {
        const copied = chunk.copy(buffer, filled, offset);
        offset += copied;
        filled += copied;
        if (filled === blockBytes) {
          await file.writeAligned(buffer, start + written);
          written += filled;
          filled = 0;
        }
      }
    },
    finish: async () => {
      await file.write(buffer.subarray(0, filled), start + written);
      written += filled;
      filled = 0;
    },
    bytes: () => written + filled,
    read: (wanted, position) => file.read(Math.max(0, Math.min(wanted, written - position)), start + position),
    discard: () => file.write(Buffer.alloc(Math.min(written, 1 << 20)), start),
  };
}
