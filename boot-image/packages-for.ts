import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildError } from "./errors.ts";
import { fetchPackages, type PackageFile } from "./fetch-packages.ts";

/**
 * The packages of a build: a folder's, or these and the libraries that they depend on, fetched with apt into the cache.
 * @throws {BuildError}
 */
export async function packagesFor(
  { packages, cache }: { packages: string | undefined; cache: string },
  roots: readonly string[],
): Promise<PackageFile[]> {
  return packages === undefined ? fetchPackages(join(cache, "packages"), roots) : packageFiles(packages);
}

async function packageFiles(folder: string): Promise<PackageFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".deb")).toSorted();
  if (names.length === 0) {
    throw new BuildError("packages", `there is no .deb file in ${folder}`);
  }
  return digested(names.map((name) => join(folder, name)));
}

/** These files with their digests. */
export async function digested(paths: readonly string[]): Promise<PackageFile[]> {
  const files: PackageFile[] = [];
  for (const path of paths) {
    const sha256 = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    files.push({ path, sha256 });
  }
  return files;
}
