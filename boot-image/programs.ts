import { readFile } from "node:fs/promises";
import type { CpioEntry } from "../src/lib/cpio.ts";
import { elfStripped } from "./elf.ts";
import { libraryClosure } from "./library-closure.ts";
import type { PackageTree } from "./package-tree.ts";
import { busyboxCommands, tools } from "./packages.ts";

/** The folder of the programs that the agent runs; first in its PATH. */
const toolFolder = "opt/farrier/bin";
/** The path of Node's binary, and of the agent. */
export const nodePath = "opt/farrier/node";

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
