import type { DiskFile } from "./disk-file.ts";

/**
 * The same disk, with `beforeWrite` awaited before each write (undefined: nothing is awaited). If it throws, the write
 * fails.
 */
export function heldDiskFile(file: DiskFile, beforeWrite: (() => Promise<void>) | undefined): DiskFile {
  if (beforeWrite === undefined) {
    return file;
  }
  return {
    alignBytes: file.alignBytes,
    writeAligned: async (bytes, position) => {
      await beforeWrite();
      await file.writeAligned(bytes, position);
    },
    write: async (bytes, position) => {
      await beforeWrite();
      await file.write(bytes, position);
    },
    readAligned: (into, position) => file.readAligned(into, position),
    read: (length, position) => file.read(length, position),
    sync: () => file.sync(),
    requireSame: () => file.requireSame(),
    openPath: file.openPath,
    unclaim: () => file.unclaim(),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}
