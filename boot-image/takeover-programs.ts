import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { libraryClosure } from "./library-closure.ts";
import type { PackageTree } from "./package-tree.ts";

/** The folder of a boot image's files for takeovers, beside kernel and initramfs. */
export const takeoverFolder = "takeover";

/** A file below {@link takeoverFolder}. */
export interface TakeoverProgram {
  path: string;
  data: Buffer;
}

/** What a takeover runs on a host: a shell with its commands, what makes a key, and what loads a kernel. */
const programs = { busybox: "busybox", kexec: "kexec", openssl: "openssl" } as const;

/**
 * The programs that are carried to a host that is taken over, with their libraries and the loader as `lib/ld`. They run by that
 * loader, so that the host's own libraries do not matter.
 */
export async function takeoverPrograms(tree: PackageTree): Promise<TakeoverProgram[]> {
  const closure = libraryClosure(tree);
  const files: TakeoverProgram[] = [];
  for (const [path, name] of Object.entries(programs)) {
    const data = await readFile(await tree.program(name));
    await closure.add(data);
    files.push({ path, data });
  }
  for (const { path, data } of closure.entries()) {
    const name = basename(path);
    files.push({ path: `lib/${name.startsWith("ld-linux") ? "ld" : name}`, data: Buffer.from(data) });
  }
  return files;
}
