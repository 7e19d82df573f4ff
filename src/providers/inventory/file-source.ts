import { constants, type FileHandle, open } from "node:fs/promises";
import { systemWords } from "../../lib/host/system-words.ts";
import { ProviderError } from "../../shepherd/provider.ts";
import { inventoryBytes } from "./decode.ts";

/** What an inventory's source has now: its bytes, or that they are the same as at the last reading. */
export type SourceRead = { bytes: Uint8Array } | "unchanged";

/** Where an inventory is. */
export interface InventorySource {
  /** How it is called in errors. */
  title: string;
  /** Milliseconds between two readings. */
  pace: number;
  /**
   * Reads it. `fresh`: in any case, whether it has changed or not.
   * @throws {ProviderError} `unavailable`
   */
  read(options: { fresh: boolean; signal: AbortSignal }): Promise<SourceRead>;
}

/** Milliseconds between two looks whether the file has changed. */
const filePace = 2_000;

/** An inventory in a file of this host. It is read when its time, size or identity has changed. */
export function fileSource(path: string): InventorySource {
  let last = "";
  return {
    title: path,
    pace: filePace,
    read: async ({ fresh, signal }) => {
      signal.throwIfAborted();
      try {
        // Without O_NONBLOCK opening a named pipe would wait for a writer.
        await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
        const { mtimeNs, size, ino, dev } = await file.stat({ bigint: true }).then((stat) => {
          if (!stat.isFile()) {
            throw new ProviderError("unavailable", `${path} is not a file: expected a file with an inventory`);
          }
          return stat;
        });
        if (size > BigInt(inventoryBytes)) {
          throw tooLong(path);
        }
        const now = [dev, ino, mtimeNs, size].join();
        if (now === last && !fresh) {
          return "unchanged";
        }
        const bytes = await bounded(file, path);
        // Written while it was read: the next look reads it again.
        const after = await file.stat({ bigint: true });
        last = after.mtimeNs === mtimeNs && after.size === size ? now : "";
        return { bytes };
      } catch (error) {
        last = "";
        throw error instanceof ProviderError
          ? error
          : new ProviderError("unavailable", `can't read ${path} ${systemWords(error)}`, {
              cause: error,
            });
      }
    },
  };
}

/** Bytes that are read at once. */
const piece = 256 * 1024;

/** All of a file, which may grow while it is read; never more than an inventory may have. */
async function bounded(file: FileHandle, path: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let length = 0; length <= inventoryBytes;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(piece));
    if (bytesRead === 0) {
      return Buffer.concat(pieces);
    }
    length += bytesRead;
    pieces.push(buffer.subarray(0, bytesRead));
  }
  throw tooLong(path);
}

/** The error for an inventory that is too long. */
export function tooLong(title: string): ProviderError {
  return new ProviderError(
    "unavailable",
    `${title} is longer than ${inventoryBytes / 1024 / 1024} MiB: is it an inventory?`,
  );
}
