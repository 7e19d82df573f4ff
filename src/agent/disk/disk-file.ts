import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errorCode } from "../../lib/errors.ts";
import type { Disk } from "./disks.ts";
import { AgentError } from "../errors.ts";
import { alignedBuffer } from "./aligned-buffer.ts";

/**
 * A disk open for reading and writing, with direct I/O if it supports that. One call at a time, except writeAligned.
 */
export interface DiskFile extends AsyncDisposable {
  /** Alignment of direct I/O in bytes: of memory, position and length. */
  readonly alignBytes: number;
  /**
   * Writes the whole buffer. `bytes` must be part of an aligned buffer, with aligned position and length. @throws
   * {AgentError} `disk_failed`
   */
  writeAligned(bytes: Buffer, position: number): Promise<void>;
  /**
   * Fills an aligned buffer up to the disk's end; resolves to the number of bytes read. @throws {AgentError}
   * `disk_failed`
   */
  readAligned(into: Buffer, position: number): Promise<number>;
  /** Writes bytes at any position. @throws {AgentError} `disk_failed` */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Reads bytes from any position; fewer at the disk's end. @throws {AgentError} `disk_failed` */
  read(length: number, position: number): Promise<Buffer>;
  /** Flushes all written data to the medium. @throws {AgentError} `disk_failed` */
  sync(): Promise<void>;
  /**
   * Checks that the path still leads to the open disk, and that its size is unchanged.
   * @throws {AgentError} `disk_failed` if it was removed, replaced or truncated while it was written
   */
  requireSame(): Promise<void>;
  /**
   * A path to the open disk that stays valid if its own path changes, for programs that take a path (proc(5),
   * /proc/PID/fd).
   */
  openPath: string;
  /** Gives up the exclusive claim, for programs that open the disk exclusively. It stays open here. */
  unclaim(): Promise<void>;
}

// No disk has larger blocks; memory is aligned to it too.
const alignBytes = 4096;
// Size of the buffer for small reads and writes.
const bounceBytes = 1 << 20;
// Without direct I/O, at most this much waits in the page cache: more could not be aborted quickly.
const unsyncedMost = 64 << 20;

/**
 * Opens a disk that is not in use.
 * @throws {AgentError} `disk_busy` if the kernel says that it is in use, `disk_failed` if it can't be opened or is not
 * the listed disk
 */
export async function diskFileOpen(disk: Disk): Promise<DiskFile> {
  // On a block device O_EXCL without O_CREAT fails while the kernel uses the disk (open(2)), and blocks other users.
  let claim = disk.kind === "block" ? await openChecked(disk, constants.O_RDONLY | constants.O_EXCL) : undefined;
  const unclaim = async (): Promise<void> => {
    await claim?.close();
    claim = undefined;
  };
  let opened: { handle: FileHandle; direct: boolean };
  try {
    opened = await openDirect(disk);
  } catch (error) {
    await unclaim();
    throw error;
  }
  const { handle, direct } = opened;
  const { path } = disk;
  const bounce = alignedBuffer(bounceBytes);
  let unsynced = 0;
  const failed = (what: string) => (cause: unknown) => {
    throw new AgentError(
      "disk_failed",
      `${what} ${path} failed: look at its cables and health, or choose another disk`,
      {
        cause,
      },
    );
  };
  const sync = (): Promise<void> => handle.datasync().catch(failed("flushing (fsync)"));
  const writeAligned = async (bytes: Buffer, position: number): Promise<void> => {
    await writeAll(handle, bytes, position).catch(failed(`writing ${bytes.length} bytes at ${position} to`));
    unsynced += bytes.length;
    if (!direct && unsynced >= unsyncedMost) {
      unsynced = 0;
      await sync();
    }
  };
  const readAligned = (into: Buffer, position: number): Promise<number> =>
    readAll(handle, into, position).catch(failed(`reading ${into.length} bytes at ${position} from`));
  return {
    alignBytes,
    writeAligned,
    readAligned,
    write: async (bytes, position) => {
      for (let at = 0; at < bytes.length;) {
        const start = Math.floor((position + at) / alignBytes) * alignBytes;
        const skip = position + at - start;
        const length = Math.min(bytes.length - at, bounce.length - skip);
        const whole = Math.ceil((skip + length) / alignBytes) * alignBytes;
        const window = bounce.subarray(0, whole);
        // A block of which only part is written is read first.
        const there = skip === 0 && length === whole ? whole : await readAligned(window, start);
        bounce.set(bytes.subarray(at, at + length), skip);
        const end = Math.max(skip + length, there);
        // Only a file whose size is not a multiple of a block ends within a block, and such a file never uses direct
        // I/O.
        await writeAligned(bounce.subarray(0, direct ? whole : end), start);
        at += length;
      }
    },
    read: async (length, position) => {
      const result = Buffer.alloc(length);
      let done = 0;
      while (done < length) {
        const start = Math.floor((position + done) / alignBytes) * alignBytes;
        const skip = position + done - start;
        const wanted = Math.min(bounce.length, Math.ceil((skip + length - done) / alignBytes) * alignBytes);
        const there = await readAligned(bounce.subarray(0, wanted), start);
        const copied = bounce.copy(result, done, skip, Math.max(skip, there));
        done += copied;
        if (copied === 0) {
          break;
        }
      }
      return result.subarray(0, done);
    },
    sync,
    requireSame: () => requireSame(handle, disk),
    openPath: `/proc/${process.pid}/fd/${handle.fd}`,
    unclaim,
    [Symbol.asyncDispose]: async () => {
      await handle.close();
      await unclaim();
    },
  };
}

/** File systems and disks without O_DIRECT report that on open or on first use. */
async function openDirect(disk: Disk): Promise<{ handle: FileHandle; direct: boolean }> {
  if (Number(disk.device.capacityBytes) % alignBytes === 0) {
    try {
      const handle = await openChecked(disk, constants.O_RDWR | constants.O_DIRECT);
      try {
        await handle.read(alignedBuffer(alignBytes), 0, alignBytes, 0);
        return { handle, direct: true };
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      if (errorCode(error) !== "EINVAL" && !(error instanceof AgentError && errorCode(error.cause) === "EINVAL")) {
        throw error instanceof AgentError
          ? error
          : new AgentError("disk_failed", `${disk.path} cannot be read`, { cause: error });
      }
    }
  }
  return { handle: await openChecked(disk, constants.O_RDWR), direct: false };
}

async function openChecked({ path, kind }: Disk, flags: number): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_NOFOLLOW | flags);
  } catch (cause) {
    const busy = errorCode(cause) === "EBUSY";
    throw new AgentError(busy ? "disk_busy" : "disk_failed", `${path} cannot be opened for writing`, { cause });
  }
  const opened = await handle.stat();
  if (!(kind === "block" ? opened.isBlockDevice() : opened.isFile())) {
    await handle.close();
    throw new AgentError("disk_failed", `${path} is no longer a ${kind === "block" ? "block device" : "regular file"}`);
  }
  return handle;
}

async function requireSame(handle: FileHandle, { path, kind, device }: Disk): Promise<void> {
  const own = await handle.stat({ bigint: true });
  const there = await stat(path, { bigint: true }).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  });
  const same = there?.ino === own.ino && there.dev === own.dev && there.rdev === own.rdev;
  if (!same || (kind === "file" && own.size !== device.capacityBytes)) {
    const how = same ? `has ${own.size} bytes, and had ${device.capacityBytes}` : "was removed or replaced";
    throw new AgentError(
      "disk_failed",
      `${path} ${how} while it was written: do not change it meanwhile, and request the installation again`,
    );
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    if (bytesWritten === 0) {
      throw new Error("the disk takes no more bytes");
    }
    written += bytesWritten;
  }
}

async function readAll(handle: FileHandle, into: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) {
      break;
    }
    done += bytesRead;
  }
  return done;
}
