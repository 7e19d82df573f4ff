import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { EmbeddedError } from "./embedded-error.ts";
import type { PostgresPackage } from "./embedded-package.ts";

interface CopiedFile {
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

/**
 * A complete copy of PostgreSQL's programs under `base`, made if it is missing. Its name contains version and content,
 * it appears by one rename, and it is trusted only if it and `base` belong to this user and no other user can write
 * there. Processes that start together may all make it; one wins and the others use its copy.
 * @returns its folder bin
 * @throws {EmbeddedError} binaries_unusable
 */
export async function packageCopy(source: PostgresPackage, base: string): Promise<string> {
  const files = await listFiles(source.native);
  await mkdir(base, { recursive: true, mode: 0o755 });
  await checkOurs(base);
  await removeAbandoned(base);
  const target = join(base, `postgres-${source.version}-${digestOf(files)}`);
  if (!(await isWhole(target, files))) {
    const fresh = join(base, `.new-${randomBytes(8).toString("hex")}`);
    try {
      await copyAll(source, files, fresh);
      await moveInto(fresh, target, files);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
  return join(target, "bin");
}

/** Everything needed at run time: regular files, without static libraries and headers. */
async function listFiles(native: string): Promise<CopiedFile[]> {
  const entries = await readdir(native, { recursive: true, withFileTypes: true });
  const wanted = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".a"))
    .map((entry) => join(entry.parentPath, entry.name).slice(native.length + 1));
  const files = await Promise.all(
    wanted.map(async (path) => {
      const { size, mode } = await lstat(join(native, path));
      return { path, size, executable: (mode & 0o100) !== 0 };
    }),
  );
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function digestOf(files: readonly CopiedFile[]): string {
  return createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
}

async function checkOurs(directory: string): Promise<void> {
  const state = await lstat(directory);
  if (!state.isDirectory() || state.uid !== process.getuid?.() || (state.mode & 0o022) !== 0) {
    throw new EmbeddedError(
      "binaries_unusable",
      `${directory} must be a directory of user ${process.getuid?.()} that nobody else can write to, because programs ` +
        "are run from it: remove it or give it back",
    );
  }
}

/**
 * True if the copy exists, belongs to this user and is complete. A power cut can leave empty files in a renamed copy.
 */
async function isWhole(target: string, files: readonly CopiedFile[]): Promise<boolean> {
  try {
    await checkOurs(target);
    const sizes = await Promise.all(files.map(async ({ path }) => (await lstat(join(target, path))).size));
    return files.every((file, index) => file.size === sizes[index]);
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return false;
    }
    throw error;
  }
}

async function copyAll(source: PostgresPackage, files: readonly CopiedFile[], fresh: string): Promise<void> {
  await mkdir(fresh, { mode: 0o755 });
  const folders = new Set(files.map(({ path }) => dirname(path)));
  for (const folder of folders) {
    await mkdir(join(fresh, folder), { recursive: true });
  }
  for (const { path, executable } of files) {
    await copyFile(join(source.native, path), join(fresh, path), constants.COPYFILE_FICLONE);
    // Set after creation, because the umask removes permissions that other users need.
    await chmod(join(fresh, path), executable ? 0o755 : 0o644);
  }
  for (const { path, target } of source.links) {
    await symlink(target, join(fresh, path));
  }
  const made = await readdir(fresh, { recursive: true, withFileTypes: true });
  for (const entry of made.filter((candidate) => candidate.isDirectory())) {
    await chmod(join(entry.parentPath, entry.name), 0o755);
  }
  await chmod(fresh, 0o755);
}

async function moveInto(fresh: string, target: string, files: readonly CopiedFile[]): Promise<void> {
  try {
    await rename(fresh, target);
  } catch (error) {
    if (errorCode(error) !== "ENOTEMPTY" && errorCode(error) !== "EEXIST") {
      throw error;
    }
    if (await isWhole(target, files)) {
      return;
    }
    // This user's, but broken: moved away, then copied again.
    await rename(target, `${fresh}.broken`);
    await rename(fresh, target);
    await rm(`${fresh}.broken`, { recursive: true, force: true });
  }
}

/** Removes copies that a kill interrupted; they must be an hour old, so that none is in progress. */
async function removeAbandoned(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const path = join(base, name);
    // A copy that finished meanwhile was renamed: there is nothing to remove.
    const state = name.startsWith(".new-") ? await lstat(path).catch(() => undefined) : undefined;
    if (state !== undefined && Date.now() - state.mtimeMs > 3_600_000) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
