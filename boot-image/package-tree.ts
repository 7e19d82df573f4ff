import { lstat, readlink } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { BuildError } from "./errors.ts";
import type { Unpacked } from "./unpack.ts";

const linkLimit = 8;
const programFolders = ["usr/sbin", "usr/bin", "sbin", "bin"];
const libraryFolders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64"];

/** Unpacked packages as one tree. Files are returned by their real paths on this host. */
export interface PackageTree {
  /** The first of these paths (relative to the root) that is a file in a package; links are followed. */
  find(paths: readonly string[]): Promise<string | undefined>;
  /** @throws {BuildError} `packages` if no package has it */
  program(name: string): Promise<string>;
  /** @throws {BuildError} `packages` if no package has it */
  library(name: string): Promise<string>;
  /** Folders of libraries on this host, for lookups. */
  libraryFolders(): string[];
}

/** The tree of these packages. */
export function packageTree(packages: readonly Unpacked[]): PackageTree {
  const find: PackageTree["find"] = async (paths) => {
    for (const path of paths) {
      for (const { root } of packages) {
        const found = await fileAt(root, path);
        if (found !== undefined) {
          return found;
        }
      }
    }
    return undefined;
  };
  const required = async (what: string, folders: readonly string[], name: string): Promise<string> => {
    const found = await find(folders.map((folder) => `${folder}/${name}`));
    if (found === undefined) {
      throw new BuildError(
        "packages",
        `no package of the ${packages.length} given has the ${what} ${name}: give the package that has it too, or leave ` +
          "--packages out and have apt find them",
      );
    }
    return found;
  };
  return {
    find,
    program: (name) => required("program", programFolders, name),
    library: (name) => required("library", libraryFolders, name),
    libraryFolders: () => packages.flatMap(({ root }) => libraryFolders.map((folder) => join(root, folder))),
  };
}

/** The file at a path under the root, with links followed inside the root; undefined if there is none. */
async function fileAt(root: string, path: string): Promise<string | undefined> {
  let current = path;
  for (let links = 0; links < linkLimit; links += 1) {
    const full = join(root, current);
    const stats = await lstat(full).catch(() => undefined);
    if (stats === undefined || stats.isDirectory()) {
      return undefined;
    }
    if (!stats.isSymbolicLink()) {
      return full;
    }
    const target = await readlink(full);
    current = normalize(join("/", target.startsWith("/") ? "" : dirname(current), target)).slice(1);
  }
  return undefined;
}
