import { constants, open } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { systemWords } from "../../lib/host/system-words.ts";

/**
 * Reads a file that the configuration names, whatever is at its path.
 * @param most maximum length in bytes
 * @returns its bytes, or a problem that names the path: it can't be read, is no file, or is longer
 */
export async function configuredFileRead(
  path: string,
  most: number,
): Promise<{ bytes: Buffer } | { problem: string; cause?: unknown }> {
  try {
    // Without O_NONBLOCK opening a named pipe would wait for a writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    // That a folder can't be read the system says itself.
    if (!stat.isFile() && !stat.isDirectory()) {
      return { problem: `${path} is not a file` };
    }
    // `end` is the last byte that is read: one more than there may be.
    const bytes = await buffer(file.createReadStream({ end: most, autoClose: false }));
    return bytes.length > most ? { problem: `${path} is longer than ${most / 1024} KiB` } : { bytes };
  } catch (error) {
    return { problem: `can't read ${path} ${systemWords(error)}`, cause: error };
  }
}
