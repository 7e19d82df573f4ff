import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../errors.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * Writes a file so that it exists whole or not at all, even after a power cut, with its mode from the first byte on.
 * @returns false if `replace` is false and the file exists already, which then is unchanged
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  { mode, replace = true }: { mode: number; replace?: boolean },
): Promise<boolean> {
  const temporary = temporaryName(path);
  try {
    {
      await using file = await open(temporary, "wx", mode);
      await file.writeFile(content);
      await file.sync();
    }
    if (replace) {
      await rename(temporary, path);
    } else if (!(await linkNew(temporary, path))) {
      return false;
    }
  } finally {
    await rm(temporary, { force: true });
  }
  await using directory = await open(dirname(path), "r");
  await directory.sync();
  return true;
}

/** A rename that never replaces. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") {
      return false;
    }
    throw error;
  }
}
