import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { CpioEntry } from "../src/lib/cpio.ts";
import { BuildError } from "./errors.ts";
import type { Unpacked } from "./unpack.ts";

const plainFile = 0o644;

/** All firmware files in these packages, where the kernel looks for them. @throws {BuildError} if a package has none */
export async function firmwareEntries(packages: readonly Unpacked[]): Promise<CpioEntry[]> {
  const entries = new Map<string, CpioEntry>();
  for (const { name, root } of packages) {
    let count = 0;
    for (const folder of ["lib/firmware", "usr/lib/firmware"].map((each) => join(root, each))) {
      const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
      for (const file of files) {
        const full = join(file.parentPath, file.name);
        const path = join("lib/firmware", full.slice(folder.length));
        if (file.isSymbolicLink()) {
          entries.set(path, { kind: "symlink", path, target: await readlink(full) });
        } else if ((await stat(full)).isFile()) {
          entries.set(path, { kind: "file", path, mode: plainFile, data: await readFile(full) });
          count += 1;
        }
      }
    }
    if (count === 0) {
      throw new BuildError("packages", `the package ${name} holds no firmware: expected files in /lib/firmware`);
    }
  }
  return [...entries.values()];
}
