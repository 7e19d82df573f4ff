import { chmod, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { directoryLock } from "./directory-lock.ts";
import { makeDirectory } from "../../lib/host/make-directory.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { EmbeddedError } from "./embedded-error.ts";

/** The folder in which `farrier up` keeps everything: keys, tokens and the embedded database. */
export interface DataDirectory extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
  /** The absolute path for embeddedStart. */
  readonly postgres: string;
}

/**
 * Creates the directory if it is missing, closes it to other users (0700; PostgreSQL's user never needs to traverse it,
 * see embedded-run.ts), and locks it until disposed.
 * @throws {EmbeddedError} directory_unusable, directory_busy
 */
export async function dataDirectoryOpen(path: string): Promise<DataDirectory> {
  const absolute = resolve(path);
  await makePrivate(absolute);
  const lock = await directoryLock(absolute, "data");
  return {
    path: absolute,
    postgres: join(absolute, "postgres"),
    [Symbol.asyncDispose]: async () => await lock[Symbol.asyncDispose](),
  };
}

async function makePrivate(path: string): Promise<void> {
  try {
    await makeDirectory(path);
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      await close(path);
    }
  } catch (error) {
    if (error instanceof EmbeddedError) {
      throw error;
    }
    const reason = reasons[errorCode(error) ?? ""];
    throw new EmbeddedError(
      "directory_unusable",
      `cannot use ${path} as the data directory ${reason === undefined ? systemWords(error) : `(${reason})`}: expected a ` +
        "directory that belongs to this user, or a place to make one; choose another with --data-dir",
      { cause: error },
    );
  }
}

/** Only if it can hold no files of others: closing /tmp because somebody named it would break the host. */
async function close(path: string): Promise<void> {
  const inside = await readdir(path);
  if (inside.length > 0 && !inside.includes("postgres")) {
    throw new EmbeddedError(
      "directory_unusable",
      `${path} is not empty and other users can enter it: expected a directory of farrier's own; ` +
        `close it with chmod 700 ${path}, or choose another with --data-dir`,
    );
  }
  await chmod(path, 0o700);
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: "it is not a directory",
  ENOTDIR: "a part of the path is not a directory",
  EACCES: "permission denied",
  EPERM: "it belongs to another user",
  EROFS: "the file system is read-only",
};
