import { randomUUID } from "node:crypto";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

const prefix = "again-";
/** Milliseconds between two signs of life of a folder, and after which one without belongs to a process that was killed. */
const touchEvery = 60_000;
const forgottenAfter = 10 * touchEvery;

/** A folder for one more fetch of an image. It is made by who uses it, and gets a sign of life until it is disposed of. */
export function againFolder(directory: string): { path: string } & AsyncDisposable {
  const path = join(directory, `${prefix}${randomUUID()}`);
  const touch = (): void => void utimes(path, new Date(), new Date()).catch(() => undefined);
  const living = setInterval(touch, touchEvery);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      clearInterval(living);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Deletes the folders that killed processes left: a host that only serves network boot has nobody else who does. */
export async function againFoldersClean(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(prefix))) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < Date.now() - forgottenAfter) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
