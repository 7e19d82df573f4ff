import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { CpioEntry } from "../src/lib/cpio.ts";
import { elfNeeds } from "./elf.ts";
import type { PackageTree } from "./package-tree.ts";

// One of the loader's default folders.
const libraryFolder = "lib/x86_64-linux-gnu";
const executable = 0o755;

/** The libraries that programs need, recursively, according to their ELF files. */
export interface LibraryClosure {
  /** Adds what this program or library needs. */
  add(file: Buffer): Promise<void>;
  /** Each at the path where its programs look for it. */
  entries(): (CpioEntry & { kind: "file" })[];
}

/** An empty closure of this tree's libraries. */
export function libraryClosure(tree: PackageTree): LibraryClosure {
  const found = new Map<string, Buffer>();
  const add = async (file: Buffer): Promise<void> => {
    const { interpreter, needed } = elfNeeds(file);
    if (interpreter !== undefined && !found.has(interpreter.slice(1))) {
      found.set(interpreter.slice(1), await readFile(await tree.library(basename(interpreter))));
    }
    for (const name of needed) {
      const path = `${libraryFolder}/${name}`;
      // The loader is a library too, and is already where programs look for it.
      if (!found.has(path) && !name.startsWith("ld-linux")) {
        const library = await readFile(await tree.library(name));
        found.set(path, library);
        await add(library);
      }
    }
  };
  return {
    add,
    entries: () => [...found].map(([path, data]) => ({ kind: "file", path, mode: executable, data })),
  };
}
