import { createHash } from "node:crypto";
import type { Disk } from "../disk/disks.ts";
import { AgentError } from "../errors.ts";
import { alignedBuffer } from "../disk/aligned-buffer.ts";
import { diskFileOpen } from "../disk/disk-file.ts";
import type { DiskFile } from "../disk/disk-file.ts";
import { heldDiskFile } from "../disk/held-disk-file.ts";
import { isZero } from "../disk/zero.ts";

// A multiple of every block size, large enough to make the kernel's cost per write negligible.
const blockBytes = 4 << 20;
// One is filled while the others are being written.
const buffers = 3;
// The unit in which zeros are looked for.
const pieceBytes = 256 << 10;

/** A disk open for writing an image from its first byte on. */
export interface DiskWriter extends AsyncDisposable {
  /** The disk, for other writes than the image's next bytes. No `write` may be running meanwhile. */
  readonly file: DiskFile;
  /** From now on zeros are not written where the disk reads as zeros already. */
  skipZeros(): void;
  /** @throws {AgentError} `disk_too_small` if the image does not fit, before the piece that does not; `disk_failed` */
  write(chunk: Buffer): Promise<void>;
  /** Bytes given to `write`. */
  bytes(): bigint;
  /** Writes everything except the image's beginning, and flushes it to the medium. */
  finish(): Promise<void>;
  /**
   * After `finish`: reads the image, except its beginning, back from the disk and compares. @throws {AgentError}
   * `disk_failed`
   */
  verify(signal: AbortSignal): Promise<void>;
  /** After `finish`: the image's beginning, at most 4 MiB; it may be changed until `seal`. */
  beginning(): Buffer;
  /** After `finish`: reads what will be on the disk once it is sealed; fewer bytes at the disk's end. */
  read(length: number, position: number): Promise<Buffer>;
  /** Writes the beginning: the last write to a disk. With `readBack` it is read back too. */
  seal(): Promise<void>;
}

/**
 * Opens a disk without writing. The image's first block is held back until `seal`, with zeros in its place; the last
 * one until `finish`. So a disk whose image was truncated, altered or called off never looks bootable.
 * @throws {AgentError} `disk_busy`, `disk_failed`
 */
export async function diskOpen(
  disk: Disk,
  options: {
    readBack: boolean;
    /** Awaited before each write to the disk; if it throws, the write fails. */
    beforeWrite?: () => Promise<void>;
  },
): Promise<DiskWriter> {
  const file = heldDiskFile(await diskFileOpen(disk), options.beforeWrite);
  const capacity = disk.device.capacityBytes;
  const hash = options.readBack ? createHash("sha256") : undefined;
  const free = Array.from({ length: buffers }, () => alignedBuffer(blockBytes));
  const scratch = alignedBuffer(blockBytes);
  let underWay: Promise<void>[] = [];
  let filling = free.pop() ?? scratch;
  let filled = 0;
  let position = 0;
  let total = 0n;
  let beginning = Buffer.alloc(0);
  let sparse = false;
  const put = async (block: Buffer, at: number): Promise<void> => {
    for (const run of sparse ? dataRuns(block) : [{ start: 0, end: block.length, zero: false }]) {
      const bytes = block.subarray(run.start, run.end);
      if (!(run.zero && (await readsAsZero(file, scratch, at + run.start, bytes.length)))) {
        await file.writeAligned(bytes, at + run.start);
      }
    }
  };
  const flush = async (): Promise<void> => {
    const block = filling.subarray(0, filled);
    const at = position;
    position += filled;
    filled = 0;
    if (at === 0) {
      beginning = Buffer.from(block);
      block.fill(0);
    } else {
      hash?.update(block);
    }
    const whole = block.length % file.alignBytes === 0;
    // Zeros are read back into one buffer, so such blocks go one after the other.
    const before = sparse ? Promise.all(underWay) : Promise.resolve();
    const written = before.then(() => (whole ? put(block, at) : file.write(block, at)));
    const buffer = filling;
    const done = written.then(() => void free.push(buffer));
    // The next caller that awaits it gets its error; until then it must not count as unhandled.
    done.catch(() => {});
    underWay.push(done);
    while (free.length === 0) {
      await underWay[0];
      underWay = underWay.slice(1);
    }
    filling = free.pop() ?? buffer;
  };
  return {
    file,
    skipZeros: () => {
      sparse = true;
    },
    write: async (chunk) => {
      if (total + BigInt(chunk.length) > capacity) {
        throw tooSmall(disk, `more than ${total} bytes`);
      }
      for (let offset = 0; offset < chunk.length;) {
        if (filled === blockBytes) {
          await flush();
        }
        const copied = chunk.copy(filling, filled, offset);
        offset += copied;
        filled += copied;
        total += BigInt(copied);
      }
    },
    bytes: () => total,
    finish: async () => {
      if (filled > 0) {
        await flush();
      }
      await Promise.all(underWay);
      await file.sync();
      await file.requireSame();
    },
    verify: async (signal) => {
      const actual = await digestOf(file, scratch, { from: beginning.length, to: Number(total) }, signal);
      const expected = hash?.digest("hex");
      if (expected !== undefined && actual !== expected) {
        throw otherwise(disk, `read back sha256:${actual}, wrote sha256:${expected}`);
      }
    },
    beginning: () => beginning,
    read: async (length, from) => {
      const bytes = await file.read(length, from);
      beginning.subarray(from).copy(bytes);
      return bytes;
    },
    seal: async () => {
      await file.requireSame();
      await file.write(beginning, 0);
      await file.sync();
      await file.requireSame();
      if (options.readBack && !(await file.read(beginning.length, 0)).equals(beginning)) {
        throw otherwise(disk, "its beginning reads otherwise");
      }
    },
    [Symbol.asyncDispose]: async () => {
      // Its error, if any, was thrown to the writer; here only its end matters.
      await Promise.allSettled(underWay);
      await file[Symbol.asyncDispose]();
    },
  };
}

/** @throws {AgentError} `disk_too_small` if `bytes` do not fit on the disk */
export function requireRoom(disk: Disk, bytes: bigint): void {
  if (bytes > disk.device.capacityBytes) {
    throw tooSmall(disk, `${bytes} bytes`);
  }
}

function tooSmall(disk: Disk, image: string): AgentError {
  const { name, capacityBytes } = disk.device;
  return new AgentError(
    "disk_too_small",
    `disk ${name} has ${capacityBytes} bytes, the image has ${image}: choose a larger disk`,
  );
}

function otherwise(disk: Disk, how: string): AgentError {
  return new AgentError("disk_failed", `${disk.path} does not hold what was written to it: ${how}; replace the disk`);
}

/** A block as runs of zeros and of other bytes, in pieces of 256 KiB. */
function dataRuns(block: Buffer): { start: number; end: number; zero: boolean }[] {
  const runs: { start: number; end: number; zero: boolean }[] = [];
  for (let start = 0; start < block.length; start += pieceBytes) {
    const end = Math.min(block.length, start + pieceBytes);
    const zero = isZero(block.subarray(start, end));
    const last = runs.at(-1);
    if (last?.zero === zero) {
      last.end = end;
    } else {
      runs.push({ start, end, zero });
    }
  }
  return runs;
}

async function readsAsZero(file: DiskFile, scratch: Buffer, position: number, length: number): Promise<boolean> {
  const into = scratch.subarray(0, length);
  return (await file.readAligned(into, position)) === length && isZero(into);
}

async function digestOf(
  file: DiskFile,
  buffer: Buffer,
  range: { from: number; to: number },
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash("sha256");
  // The beginning is a whole block, or the whole image.
  for (let position = range.from; position < range.to; position += buffer.length) {
    signal.throwIfAborted();
    const wanted = Math.min(buffer.length, range.to - position);
    const aligned = Math.ceil(wanted / file.alignBytes) * file.alignBytes;
    const there = await file.readAligned(buffer.subarray(0, aligned), position);
    hash.update(buffer.subarray(0, Math.min(there, wanted)));
  }
  return hash.digest("hex");
}
