import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished, pipeline } from "node:stream/promises";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import { CodedError } from "../../lib/errors.ts";
import { temporaryName } from "../../lib/host/temporary-name.ts";

// One zstd stream (`zstd -dc FILE` shows it). In it: the title and a line feed, then records: a letter, the length of what
// follows as 4 bytes, big end first, and that many bytes. "H" begins an entry (JSON, the caller's), "D" is some of its
// bytes, "E" ends it (JSON: bytes, sha256), "Z" ends the archive (JSON: entries). Whatever is cut off lacks its "Z".

/** Why an archive can't be read. */
export type ArchiveErrorCode =
  /** It is not an archive of that title, or it is damaged or truncated. */
  "damaged";

/** Thrown while an archive is read. */
export class ArchiveError extends CodedError<ArchiveErrorCode> {}

/** Bytes of data in one record, about. */
const chunkSize = 256 * 1024;
/** A record that says it is longer was not written here. */
const recordLimit = 16 * 1024 * 1024;

/** An archive that is being written; there under its name once it is finished. */
export interface ArchiveWriter extends AsyncDisposable {
  /** Writes one entry; `header` is anything that JSON can say. */
  entry(header: unknown, data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  /** Ends it. Before that, disposing leaves nothing. */
  finish(): Promise<void>;
}

/** Writes `path`, readable by this user alone; an existing file is replaced only at the end. */
export function archiveWrite(path: string, title: string): ArchiveWriter {
  const partial = temporaryName(path);
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const written = pipeline(compress, createWriteStream(partial, { flags: "wx", mode: 0o600, flush: true }));
  // Reported where it is awaited at the end.
  written.catch(() => undefined);
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (compress.destroyed) {
      await written;
    }
    if (!compress.write(bytes)) {
      await Promise.race([once(compress, "drain"), written]);
    }
  };
  const record = async (kind: string, bytes: Uint8Array): Promise<void> => {
    const head = Buffer.alloc(5);
    head.write(kind, "latin1");
    head.writeUInt32BE(bytes.length, 1);
    await write(head);
    await write(bytes);
  };
  const json = (kind: string, value: unknown): Promise<void> => record(kind, Buffer.from(JSON.stringify(value)));
  let entries = 0;
  let begun = false;
  const begin = async (): Promise<void> => {
    if (!begun) {
      begun = true;
      await write(Buffer.from(`${title}\n`));
    }
  };
  let whole = false;
  return {
    entry: async (header, data) => {
      await begin();
      await json("H", header);
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const chunk of gathered(data)) {
        hash.update(chunk);
        bytes += chunk.length;
        await record("D", chunk);
      }
      await json("E", { bytes, sha256: hash.digest("hex") });
      entries += 1;
    },
    finish: async () => {
      await begin();
      await json("Z", { entries });
      compress.end();
      await written;
      await rename(partial, path);
      whole = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (!whole) {
        compress.destroy();
        await finished(compress).catch(() => undefined);
        await written.catch(() => undefined);
        await rm(partial, { force: true });
      }
    },
  };
}

/** Many small pieces as fewer great ones. */
async function* gathered(data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const piece of data) {
    waiting.push(piece);
    size += piece.length;
    if (size >= chunkSize) {
      yield Buffer.concat(waiting);
      [waiting, size] = [[], 0];
    }
  }
  if (size > 0) {
    yield Buffer.concat(waiting);
  }
}

/** One entry of an archive that is being read. Its data must be read to the end before the next entry is requested. */
export interface ArchiveEntry {
  header: unknown;
  data: AsyncIterable<Uint8Array>;
}

/**
 * Reads an archive from its beginning to its end.
 * @throws {ArchiveError} `damaged`, at the latest in the end: what was read before must not count until then
 */
export async function* archiveRead(path: string, title: string): AsyncGenerator<ArchiveEntry> {
  const file = createReadStream(path);
  const text = file.pipe(createZstdDecompress());
  file.on("error", (error) => text.destroy(error));
  const bytes = byteReader(text, path);
  try {
    const begin = await bytes.take(Buffer.byteLength(title) + 1);
    if (begin.toString() !== `${title}\n`) {
      throw damaged(path, `it does not begin with "${title}"`);
    }
    let entries = 0;
    for (;;) {
      const { kind, body } = await recordRead(bytes, path);
      if (kind === "Z") {
        if ((parse(body, path) as { entries?: unknown }).entries !== entries || !(await bytes.ended())) {
          throw damaged(path, "its end does not match its content");
        }
        return;
      }
      if (kind !== "H") {
        throw damaged(path, "an entry does not begin where expected");
      }
      const state = { read: false };
      yield { header: parse(body, path), data: entryData(bytes, path, state) };
      if (!state.read) {
        throw new Error("an entry's data must be read before the next entry is");
      }
      entries += 1;
    }
  } finally {
    file.destroy();
    text.destroy();
  }
}

async function* entryData(bytes: ByteReader, path: string, state: { read: boolean }): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let size = 0;
  for (;;) {
    const { kind, body } = await recordRead(bytes, path);
    if (kind === "E") {
      const { bytes: expected, sha256 } = parse(body, path) as { bytes?: unknown; sha256?: unknown };
      if (expected !== size || sha256 !== hash.digest("hex")) {
        throw damaged(path, "an entry's checksum is wrong");
      }
      state.read = true;
      return;
    }
    if (kind !== "D") {
      throw damaged(path, "an entry ends unexpectedly");
    }
    hash.update(body);
    size += body.length;
    yield body;
  }
}

async function recordRead(bytes: ByteReader, path: string): Promise<{ kind: string; body: Buffer }> {
  const head = await bytes.take(5);
  const length = head.readUInt32BE(1);
  if (length > recordLimit) {
    throw damaged(path, "a part of it is longer than the maximum");
  }
  return { kind: head.toString("latin1", 0, 1), body: await bytes.take(length) };
}

function parse(body: Buffer, path: string): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch (error) {
    throw damaged(path, "a description in it is not JSON", error);
  }
}

interface ByteReader {
  /** Exactly `count` bytes. */
  take(count: number): Promise<Buffer>;
  /** True when nothing comes after. */
  ended(): Promise<boolean>;
}

function byteReader(source: AsyncIterable<Uint8Array>, path: string): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let parts: Uint8Array[] = [];
  let size = 0;
  const more = async (): Promise<boolean> => {
    try {
      const next = await chunks.next();
      if (next.done === true) {
        return false;
      }
      parts.push(next.value);
      size += next.value.length;
      return true;
    } catch (error) {
      throw damaged(path, "it can't be unpacked", error);
    }
  };
  return {
    take: async (count) => {
      while (size < count) {
        if (!(await more())) {
          throw damaged(path, "it ends too early");
        }
      }
      const all = Buffer.concat(parts);
      parts = [all.subarray(count)];
      size -= count;
      return all.subarray(0, count);
    },
    ended: async () => size === 0 && !(await more()),
  };
}

function damaged(path: string, why: string, cause?: unknown): ArchiveError {
  return new ArchiveError("damaged", `${path} is not a backup, or it is damaged (${why}): use another one`, { cause });
}
