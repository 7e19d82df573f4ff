import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { describeError, errorCode } from "../lib/errors.ts";
import { isUuid } from "../lib/format/uuid.ts";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import { temporaryName } from "../lib/host/temporary-name.ts";
import type { Logger } from "../lib/log.ts";
import { pieceBytes } from "../lib/host/send-pace.ts";
import { CacheError } from "./errors.ts";
import type { ImageStore, OpenedFile, StoredFile } from "./store.ts";

/** A file as it was when its digest was found to be right. */
interface Known extends StoredFile {
  modified: number;
  inode: number;
}

/** Bytes of one read while a file's digest is computed. */
const chunkBytes = 256 << 10;
/** The share of a file system that is left free. */
const freeShare = 0.05;
/** Bytes that are written between two looks at the room that is left. */
const lookBytes = 64 << 20;
const deleted = "a cached image was deleted; it is fetched again while it is needed";
/** Milliseconds after which nobody writes to a half-written file any more: of this image, and of any. */
const silentFor = 60_000;
const forgottenAfter = 3_600_000;
const namePattern = /^[0-9a-f]{64}$/u;

/**
 * Opens a store of files in a folder, which is made if it is missing. Half-written files of an earlier life are removed.
 * Several processes may use one folder.
 * @throws {CacheError} `unusable`
 */
export async function directoryStore(directory: string, options: { clock: Clock; log: Logger }): Promise<ImageStore> {
  const { clock, log } = options;
  const files = join(directory, "files");
  const partial = join(directory, "partial");
  const pathOf = (hex: string): string => join(files, hex);
  const known = new Map<string, Known>();
  const id = await prepare(directory, files, partial);

  async function remove(hex: string): Promise<void> {
    known.delete(hex);
    await rm(pathOf(hex), { force: true });
  }

  /** The file, if it is as it was when its digest was found to be right. */
  async function openUnaltered(hex: string): Promise<FileHandle | undefined> {
    const was = known.get(hex);
    if (was === undefined) {
      return undefined;
    }
    let file: FileHandle;
    try {
      file = await open(pathOf(hex), "r");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") {
        throw error;
      }
      log.warn({ digest: hex }, deleted);
      known.delete(hex);
      return undefined;
    }
    const { size, mtimeMs, ino } = await file.stat();
    if (size === was.bytes && mtimeMs === was.modified && ino === was.inode) {
      return file;
    }
    await file.close();
    if (await check(hex)) {
      return openUnaltered(hex);
    }
    return undefined;
  }

  async function check(hex: string, signal?: AbortSignal): Promise<boolean> {
    const path = pathOf(hex);
    const before = await stat(path).catch(() => undefined);
    if (before?.isFile() === true && (await digestOf(path, signal)) === hex) {
      const { size: bytes, mtimeMs: modified, ino: inode } = before;
      known.set(hex, { hex, bytes, modified, inode, since: known.get(hex)?.since ?? clock.monotonic() });
      return true;
    }
    log.warn({ digest: hex }, "a cached image was altered and is removed; it is fetched again while it is needed");
    await remove(hex);
    return false;
  }

  return {
    id,
    list: () => [...known.values()].map(({ hex, bytes, since }) => ({ hex, bytes, since })),
    open: async (hex) => {
      const file = await openUnaltered(hex);
      return file === undefined ? undefined : opened(file, known.get(hex)?.bytes ?? 0);
    },
    put: async (hex, pieces, signal) => {
      // What a killed process left of it; a living one writes all the time.
      await partialClean(partial, { prefix: hex, age: silentFor });
      const temporary = temporaryName(join(partial, hex));
      try {
        await write(temporary, hex, pieces, partial, signal);
        await rename(temporary, pathOf(hex));
      } finally {
        await rm(temporary, { force: true });
      }
      await using folder = await open(files, "r");
      await folder.sync();
      const { size: bytes, mtimeMs: modified, ino: inode } = await stat(pathOf(hex));
      known.set(hex, { hex, bytes, modified, inode, since: clock.monotonic() });
    },
    remove,
    check,
    scan: async (signal) => {
      await partialClean(partial, { prefix: "", age: forgottenAfter });
      const names = new Set((await readdir(files)).filter((name) => namePattern.test(name)));
      for (const hex of [...known.keys()].filter((one) => !names.has(one))) {
        log.warn({ digest: hex }, deleted);
        known.delete(hex);
      }
      for (const hex of names) {
        signal?.throwIfAborted();
        await using _file = known.has(hex) ? await openUnaltered(hex) : undefined;
        if (!known.has(hex)) {
          await check(hex, signal);
        }
      }
    },
  };
}

async function prepare(directory: string, files: string, partial: string): Promise<string> {
  const identity = join(directory, "store-id");
  try {
    await mkdir(files, { recursive: true, mode: 0o700 });
    await mkdir(partial, { recursive: true, mode: 0o700 });
    await partialClean(partial, { prefix: "", age: forgottenAfter });
    await writeFileAtomic(identity, `${randomUUID()}\n`, { mode: 0o600, replace: false });
    const id = (await readFile(identity, "utf8")).trim();
    if (!isUuid(id)) {
      throw new Error(`${identity} has no UUID in it: delete the file`);
    }
    return id;
  } catch (error) {
    throw new CacheError("unusable", `the cache's folder ${directory} can't be used: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** Deletes half-written files that nobody has written to for `age` milliseconds. */
async function partialClean(folder: string, { prefix, age }: { prefix: string; age: number }): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = name.startsWith(prefix) ? await stat(path).catch(() => undefined) : undefined;
    if (found !== undefined && found.mtimeMs < Date.now() - age) {
      await rm(path, { force: true });
    }
  }
}

async function write(
  path: string,
  hex: string,
  pieces: AsyncIterable<Uint8Array>,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { blocks, bsize } = await statfs(folder);
  const least = blocks * bsize * freeShare;
  const hash = createHash("sha256");
  let untilLook = 0;
  await using file = await open(path, "wx", 0o600);
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    if (untilLook <= 0) {
      untilLook = lookBytes;
      const { bavail } = await statfs(folder);
      if (bavail * bsize < least) {
        throw new CacheError("full", `less than ${freeShare * 100} % of the file system of ${folder} is free`);
      }
    }
    untilLook -= piece.length;
    hash.update(piece);
    await file.writev([piece]).catch((error: unknown) => {
      throw errorCode(error) === "ENOSPC"
        ? new CacheError("full", `there is no room left in ${folder}`, { cause: error })
        : error;
    });
  }
  const found = hash.digest("hex");
  if (found !== hex) {
    throw new CacheError("unproven", `the bytes have the digest sha256:${found}, expected sha256:${hex}`);
  }
  await file.sync();
}

async function digestOf(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hash.update(piece);
  }
  return hash.digest("hex");
}

function opened(file: FileHandle, bytes: number): OpenedFile {
  return {
    bytes,
    read: (first, last) =>
      file.createReadStream({ start: first, end: last, highWaterMark: pieceBytes, autoClose: false }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}
