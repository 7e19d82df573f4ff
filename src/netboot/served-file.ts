import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { errorCode } from "../lib/errors.ts";
import { pieceBytes } from "../lib/host/send-pace.ts";

/** A file that is served, in a folder or a store; it stays readable until it is disposed of. */
export interface ServedFile extends AsyncDisposable {
  bytes: number;
  /** Another one for other bytes; without quotes. */
  tag: string;
  modified?: Date;
  /** The bytes from `first` to `last`, both included. */
  read(first: number, last: number): Readable;
}

/** Opens a regular file; undefined if there is none. */
export async function servedFileOpen(path: string): Promise<ServedFile | undefined> {
  await using stack = new AsyncDisposableStack();
  let file;
  try {
    file = stack.use(await open(path, "r"));
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") {
      return undefined;
    }
    throw error;
  }
  const found = await file.stat();
  if (!found.isFile()) {
    return undefined;
  }
  const { size, mtimeMs, mtime } = found;
  const release = stack.move();
  return {
    bytes: size,
    // A different file has a different size or time, because files are only replaced whole.
    tag: `${size.toString(16)}-${Math.round(mtimeMs * 1000).toString(16)}`,
    modified: mtime,
    read: (first, last) =>
      file.createReadStream({ start: first, end: last, highWaterMark: pieceBytes, autoClose: false }),
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}
