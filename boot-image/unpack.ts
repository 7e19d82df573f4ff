import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { errorCode } from "../src/lib/errors.ts";
import { makeDirectory } from "../src/lib/host/make-directory.ts";
import type { PackageFile } from "./fetch-packages.ts";
import { runBuildProgram } from "./run-program.ts";

/** An unpacked package. */
export interface Unpacked {
  /** As in its file's name. */
  name: string;
  version: string;
  sha256: string;
  root: string;
}

/**
 * Unpacks a package into its own folder under `directory`, named by its digest: unpacked once, then reused.
 * @throws {BuildError} if it is not a package
 */
async function unpack({ path, sha256 }: PackageFile, directory: string): Promise<Unpacked> {
  const root = join(directory, sha256);
  await makeDirectory(directory);
  const partial = await mkdtemp(`${root}.`);
  const [name = "", version = ""] = basename(path, ".deb").split("_");
  try {
    if (await isDirectory(root)) {
      return { name, version, sha256, root };
    }
    await runBuildProgram("dpkg-deb", ["--extract", path, join(partial, "root")]);
    await rename(join(partial, "root"), root).catch((error: unknown) => {
      // Another process unpacked the same package at the same time.
      if (errorCode(error) !== "ENOTEMPTY" && errorCode(error) !== "EEXIST") {
        throw error;
      }
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return { name, version, sha256, root };
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Unpacks several, one after the other. @throws {BuildError} as {@link unpack} */
export async function unpackAll(files: readonly PackageFile[], directory: string): Promise<Unpacked[]> {
  const unpacked: Unpacked[] = [];
  for (const file of files) {
    unpacked.push(await unpack(file, directory));
  }
  return unpacked;
}
