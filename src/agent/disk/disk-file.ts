import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errorCode } from "../../lib/errors.ts";
import type { Disk } from "./disks.ts";
import { AgentError } from "../errors.ts";
import { alignedBuffer } from "./aligned-buffer.ts";

/** A disk open for reading and writing, past the page cache where it allows that. One call at a time, but for writeAligned. */
export interface DiskFile extends AsyncDisposable {
  /** What goes past the page cache is aligned to this, in memory, place and length. */
  readonly alignBytes: number;
  /** Writes all of it. `bytes` is of an aligned buffer; its place and length are aligned. @throws {AgentError} `disk_failed` */
  writeAligned(bytes: Buffer, position: number): Promise<void>;
  /** Fills an aligned buffer as far as the disk goes; the answer is how far. @throws {AgentError} `disk_failed` */
  readAligned(into: Buffer, position: number): Promise<number>;
  /** Writes whatever, wherever. @throws {AgentError} `disk_failed` */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Reads whatever, from wherever; shorter at the disk's end. @throws {AgentError} `disk_failed` */
  read(length: number, position: number): Promise<Buffer>;
  /** Has all that was written on the medium. @throws {AgentError} `disk_failed` */
  sync(): Promise<void>;
  /**
   * Looks whether what is open here is still what its path leads to, and as large as it was.
   * @throws {AgentError} `disk_failed` when it was removed, replaced or cut while it was written
   */
  requireSame(): Promise<void>;
  /** A path to what is open here, whatever its own path leads to by now: for programs that take a path (proc(5), /proc/PID/fd). */
  openPath: string;
  /** Lets programs open it that want it for themselves. It stays open here. */
  unclaim(): Promise<void>;
}

// No disk has larger blocks; memory is aligned to it too.
const alignBytes = 4096;
// Small reads and writes go through one buffer of this size.
const bounceBytes = 1 << 20;
// Through the page cache no more than this waits to be written: what waits longer can't be broken off quickly.
const unsyncedMost = 64 << 20;

/**
 * Opens a disk that nobody uses.
 * @throws {AgentError} `disk_busy` when the kernel says that somebody does, `disk_failed` when it can't be opened or is not what it was
 */
export async function diskFileOpen(disk: Disk): Promise<DiskFile> {
  // On a block device O_EXCL needs no O_CREAT: it fails while the kernel uses the disk (open(2)), and keeps others from it.
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
  const sync = (): Promise<void> => handle.datasync().catch(failed("having everything on the medium (fsync) of"));
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
        // What shares its blocks with others' bytes is read first.
        const there = skip === 0 && length === whole ? whole : await readAligned(window, start);
        bounce.set(bytes.subarray(at, at + length), skip);
        const end = Math.max(skip + length, there);
        // Only a file that is no multiple of a block ends within one, and such a file is never written directly.
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

/** File systems and disks that don't know O_DIRECT say so when it is used, at the latest. */
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
      `${path} ${how} while it was written: leave it alone, and ask for the installation again`,
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
