import { truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runPackageProgram } from "../package-program.ts";
import type { PackageTree } from "../package-tree.ts";

/** A file in a FAT file system. */
export interface FatImageFile {
  /** From the root, with forward slashes. */
  path: string;
  data: Uint8Array;
}

/** Makes a FAT file system at `file` with these files; the same files give the same bytes. @throws {BuildError} */
export async function fatMake(
  tree: PackageTree,
  file: string,
  options: {
    label: string;
    bytes: number;
    files: readonly FatImageFile[];
    /** Eight hexadecimal digits; absent means a constant. */
    volumeId?: string;
  },
): Promise<void> {
  const { label, bytes, files, volumeId } = options;
  await writeFile(file, "");
  await truncate(file, bytes);
  // mtools reads a table of FAT's short names; the host's table may not fit the libraries used here.
  const env = {
    GCONV_PATH: dirname(await tree.library("gconv/gconv-modules")),
    SOURCE_DATE_EPOCH: "315532800",
    MTOOLS_SKIP_CHECK: "1",
    TZ: "UTC",
  };
  const identity = volumeId === undefined ? ["--invariant"] : ["-i", volumeId];
  await runPackageProgram(tree, "mkfs.vfat", ["-n", label, ...identity, file], { env });
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  for (const folder of [...folders].toSorted()) {
    await runPackageProgram(tree, "mmd", ["-i", file, `::/${folder}`], { env });
  }
  for (const [index, { path, data }] of files.entries()) {
    const source = join(dirname(file), `fat-${index}`);
    await writeFile(source, data);
    // The earliest FAT time.
    await utimes(source, 315_532_800, 315_532_800);
    await runPackageProgram(tree, "mcopy", ["-m", "-i", file, source, `::/${path}`], { env });
  }
}

function foldersOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}
