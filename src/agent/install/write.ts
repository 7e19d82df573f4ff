import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errorCode } from "../../lib/errors.ts";
import type { Disk } from "../disks.ts";
import { AgentError } from "../errors.ts";

// A multiple of every block size there is, large enough that the kernel's cost of a write does not count.
const blockBytes = 4 << 20;

/** A disk open for writing an image from its first byte on. */
export interface DiskWriter extends AsyncDisposable {
  /** @throws {AgentError} `disk_too_small` when the image does not fit, before the piece that does not; `disk_failed` */
  write(chunk: Buffer): Promise<void>;
  /** Bytes given to `write`. */
  bytes(): bigint;
  /** Writes what is outstanding, the image's beginning last, and has it all on the medium when it returns. */
  finish(): Promise<void>;
  /** Reads the image back from the disk and compares. @throws {AgentError} `disk_failed` */
  verify(signal: AbortSignal): Promise<void>;
}

/**
 * Opens a disk; nothing is written yet. The first block of the image is held back until `finish`, and zeros stand in its
 * place: so no disk whose image was cut short, altered or called off looks as if it could boot.
 * @throws {AgentError} `disk_busy`, `disk_failed`
 */
export async function diskOpen(disk: Disk, options: { readBack: boolean }): Promise<DiskWriter> {
  const { path } = disk;
  const handle = await openChecked(disk);
  const capacity = disk.device.capacityBytes;
  const hash = options.readBack ? createHash("sha256") : undefined;
  let [filling, spare] = [Buffer.allocUnsafe(blockBytes), Buffer.allocUnsafe(blockBytes)];
  let filled = 0;
  let position = 0;
  let total = 0n;
  let beginning: Buffer | undefined;
  let pending = Promise.resolve();
  const flush = async (): Promise<void> => {
    // One block is on its way to the disk while the next is filled.
    await pending;
    const block = filling.subarray(0, filled);
    if (position === 0) {
      beginning = Buffer.from(block);
      pending = writeAll(handle, Buffer.alloc(filled), 0, path);
    } else {
      pending = writeAll(handle, block, position, path);
    }
    // Whoever awaits it next has its error; until then it is not an unhandled one.
    pending.catch(() => {});
    [filling, spare] = [spare, filling];
    position += filled;
    filled = 0;
  };
  return {
    write: async (chunk) => {
      if (total + BigInt(chunk.length) > capacity) {
        throw tooSmall(disk, `more than ${total} bytes`);
      }
      hash?.update(chunk);
      for (let offset = 0; offset < chunk.length;) {
        const copied = chunk.copy(filling, filled, offset);
        offset += copied;
        filled += copied;
        total += BigInt(copied);
        if (filled === blockBytes) {
          await flush();
        }
      }
    },
    bytes: () => total,
    finish: async () => {
      if (filled > 0) {
        await flush();
      }
      await pending;
      await sync(handle, path);
      if (beginning !== undefined) {
        await writeAll(handle, beginning, 0, path);
        await sync(handle, path);
      }
    },
    verify: async (signal) => {
      await forgetCache(disk);
      await using reader = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      const actual = await digestOf(reader, total, signal);
      const expected = hash?.digest("hex");
      if (expected !== undefined && actual !== expected) {
        const what = `${path} does not hold what was written to it: read back sha256:${actual}, wrote sha256:${expected}`;
        throw new AgentError("disk_failed", `${what}; replace the disk`);
      }
    },
    [Symbol.asyncDispose]: async () => {
      // Its error, if any, was thrown to whoever wrote; here it only matters that it has ended.
      await pending.catch(() => {});
      await handle.close();
    },
  };
}

/** @throws {AgentError} `disk_too_small` when `bytes` do not fit on the disk */
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

async function openChecked({ path, kind }: Disk): Promise<FileHandle> {
  // On a block device O_EXCL needs no O_CREAT: it fails while the kernel uses the disk (open(2)).
  const exclusive = kind === "block" ? constants.O_EXCL : 0;
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW | exclusive);
  } catch (cause) {
    const busy = errorCode(cause) === "EBUSY";
    throw new AgentError(busy ? "disk_busy" : "disk_failed", `${path} cannot be opened for writing`, { cause });
  }
  const stat = await handle.stat();
  if (!(kind === "block" ? stat.isBlockDevice() : stat.isFile())) {
    await handle.close();
    throw new AgentError("disk_failed", `${path} is no longer a ${kind === "block" ? "block device" : "regular file"}`);
  }
  return handle;
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number, path: string): Promise<void> {
  try {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
      if (bytesWritten === 0) {
        throw new Error("the disk takes no more bytes");
      }
      written += bytesWritten;
    }
  } catch (cause) {
    const message = `writing ${bytes.length} bytes at ${position} to ${path} failed`;
    throw new AgentError("disk_failed", message, { cause });
  }
}

async function sync(handle: FileHandle, path: string): Promise<void> {
  try {
    await handle.sync();
  } catch (cause) {
    throw new AgentError("disk_failed", `${path} did not take what was written to it (fsync)`, { cause });
  }
}

/** Has the kernel forget what it holds of a real disk, so that reading back reads the medium (proc_sys_vm(5)). */
async function forgetCache({ kind }: Disk): Promise<void> {
  if (kind === "block") {
    // Whoever may write a disk may do this as a rule; where not, reading back still finds what the kernel lost.
    await writeFile("/proc/sys/vm/drop_caches", "1").catch(() => {});
  }
}

async function digestOf(handle: FileHandle, length: bigint, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(blockBytes);
  for (let position = 0n; position < length;) {
    signal.throwIfAborted();
    const wanted = Number(length - position < BigInt(blockBytes) ? length - position : BigInt(blockBytes));
    const { bytesRead } = await handle.read(buffer, 0, wanted, Number(position));
    if (bytesRead === 0) {
      break;
    }
    hash.update(buffer.subarray(0, bytesRead));
    position += BigInt(bytesRead);
  }
  return hash.digest("hex");
}
