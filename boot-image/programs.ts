import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { CpioEntry } from "../src/lib/cpio.ts";
import { elfNeeds, elfStripped } from "./elf.ts";
import type { PackageTree } from "./package-tree.ts";
import { busyboxCommands, tools } from "./packages.ts";

/** The folder of the programs that the agent runs; first in its PATH. */
const toolFolder = "opt/farrier/bin";
/** The path of Node's binary, and of the agent. */
export const nodePath = "opt/farrier/node";

// One of the loader's default folders.
const libraryFolder = "lib/x86_64-linux-gnu";
const executable = 0o755;

/** The image's programs and all libraries that they need, recursively, according to their ELF files. */
export async function programEntries(tree: PackageTree, nodeBinary: string): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  const closure = libraryClosure(tree);
  const add = async (path: string, data: Buffer): Promise<void> => {
    await closure.add(data);
    entries.push({ kind: "file", path, mode: executable, data });
  };
  await add(nodePath, elfStripped(await readFile(nodeBinary)));
  await add("bin/busybox", await readFile(await tree.program("busybox")));
  entries.push(
    ...busyboxCommands.map((name) => ({ kind: "symlink", path: `bin/${name}`, target: "busybox" }) as const),
  );
  // The kernel itself runs /sbin/modprobe.
  await add("sbin/modprobe", await readFile(await tree.program("kmod")));
  // Some names are links to one program that checks its own name: mcopy and mmd are mtools.
  const byFile = new Map<string, string>();
  for (const name of tools) {
    const file = await tree.program(name);
    const first = byFile.get(file);
    if (first !== undefined) {
      entries.push({ kind: "symlink", path: `${toolFolder}/${name}`, target: first });
      continue;
    }
    byFile.set(file, name);
    await add(`${toolFolder}/${name}`, await readFile(file));
  }
  return [...entries, ...closure.entries()];
}

interface LibraryClosure {
  /** Adds what this program or library needs. */
  add(file: Buffer): Promise<void>;
  entries(): CpioEntry[];
}

function libraryClosure(tree: PackageTree): LibraryClosure {
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
