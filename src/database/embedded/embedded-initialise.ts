import { randomBytes } from "node:crypto";
import { chown, lchown, mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import type { PostgresBinaries } from "./embedded-binaries.ts";
import { EmbeddedError } from "./embedded-error.ts";
import { openedDirectory, runPostgresProgram } from "./embedded-run.ts";
import type { RunUser } from "./embedded-user.ts";

/** The name of the superuser and of the database. */
export const databaseName = "farrier";

const prefix = "data.new-";

/**
 * Makes sure that `directory`/data holds a whole database: an existing or a new one. A new one is made beside it and
 * renamed, so that a kill at any point leaves no database or a whole one.
 * @returns its path
 * @throws {EmbeddedError} wrong_version, directory_unusable, initialise_failed
 */
export async function databaseInitialise(options: {
  readonly directory: string;
  readonly binaries: PostgresBinaries;
  readonly user: RunUser | undefined;
  /** False in tests only: new files are not flushed to the disk. */
  readonly sync: boolean;
  /** Called before the files of an existing database are given to `user`. */
  readonly handOver: (data: string) => Promise<void>;
}): Promise<string> {
  const { directory, binaries, user } = options;
  const data = join(directory, "data");
  await removeUnfinished(directory);
  if (await checkExisting(data, binaries)) {
    await ownData(data, user, options.handOver);
    return data;
  }
  const fresh = join(directory, prefix + randomBytes(6).toString("hex"));
  await mkdir(fresh, { mode: 0o700 });
  try {
    if (user !== undefined) {
      await chown(fresh, user.uid, user.gid);
    }
    await runInitdb(fresh, options);
    await rename(fresh, data);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (error instanceof EmbeddedError) {
      throw error;
    }
    throw new EmbeddedError(
      "initialise_failed",
      `cannot make a database in ${directory} ${systemWords(error)}; expected a file system with room, owners and ` +
        "permissions; choose another data directory",
      { cause: error },
    );
  }
  await syncDirectory(directory);
  return data;
}

async function runInitdb(
  fresh: string,
  { binaries, user, sync }: { binaries: PostgresBinaries; user: RunUser | undefined; sync: boolean },
): Promise<void> {
  // From version 17 on PostgreSQL has its own C.UTF-8, independent of the host's C library.
  const locale =
    binaries.major >= 17
      ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
      : ["--locale=C.UTF-8"];
  const { code, stderr, stdout } = await runPostgresProgram(
    join(binaries.bin, "initdb"),
    [
      ...["-D", openedDirectory, "-U", databaseName, "-E", "UTF8", ...locale],
      ...["--auth-local=reject", "--auth-host=reject", ...(sync ? [] : ["--no-sync"])],
    ],
    { directory: fresh, user },
  );
  if (code !== 0) {
    const said = (stderr.trim() === "" ? stdout : stderr).trim().split("\n").slice(-5).join("; ");
    throw new EmbeddedError("initialise_failed", `initdb ended with status ${code}: ${said}`);
  }
}

/** True if a database of the right major version exists, false if there is nothing. */
async function checkExisting(data: string, binaries: PostgresBinaries): Promise<boolean> {
  let version: string;
  try {
    version = (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      throw new EmbeddedError(
        "directory_unusable",
        `cannot read the database in ${data} ${systemWords(error)}; run as the user who runs the control plane`,
        {
          cause: error,
        },
      );
    }
    if (await isEmpty(data)) {
      return false;
    }
    throw new EmbeddedError(
      "directory_unusable",
      `${data} holds files but no database (PG_VERSION is missing): expected a database or nothing; move it away`,
    );
  }
  if (version !== String(binaries.major)) {
    throw new EmbeddedError(
      "wrong_version",
      `the database in ${data} was made by PostgreSQL ${version}, these programs are ${binaries.version}: expected the ` +
        `same major version; start it with the release of farrier that made it, export, and import into a new directory`,
    );
  }
  return true;
}

async function isEmpty(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return true;
    }
    throw error;
  }
}

/** A copy made by root without its owners (cp -r, a restored backup) is given to the user again. */
async function ownData(
  data: string,
  user: RunUser | undefined,
  handOver: (data: string) => Promise<void>,
): Promise<void> {
  if (user === undefined || (await stat(data)).uid === user.uid) {
    return;
  }
  await handOver(data);
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), user.uid, user.gid);
  }
  // Last, so that an interrupted change of owners is repeated completely.
  await chown(data, user.uid, user.gid);
}

async function removeUnfinished(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(prefix)) {
      // The initdb of a killed parent may still be writing there; it fails once its folder is gone.
      await rm(join(directory, name), { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

async function syncDirectory(path: string): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}
