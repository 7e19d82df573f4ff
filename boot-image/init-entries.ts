import { readFile } from "node:fs/promises";
import type { CpioEntry } from "../src/lib/cpio.ts";
import type { PackageTree } from "./package-tree.ts";

const executable = 0o755;
const plainFile = 0o644;
const gconvFolder = "usr/lib/x86_64-linux-gnu/gconv";

/** The image's shell scripts: source file → path in the image. */
const scripts = {
  "init.sh": "init",
  "network.sh": "opt/farrier/network.sh",
  "address.sh": "opt/farrier/address.sh",
  "configured.sh": "opt/farrier/configured.sh",
  "supervise.sh": "opt/farrier/supervise.sh",
} as const;

/** Files that programs look for in /etc. */
const texts = {
  "etc/passwd": "root:x:0:0:root:/:/bin/sh\n",
  "etc/group": "root:x:0:\n",
  "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  // mtools needs the character set of FAT's short names: the table names its converter.
  [`${gconvFolder}/gconv-modules`]: [
    "alias CP850// IBM850//",
    "alias 850// IBM850//",
    "module IBM850// INTERNAL IBM850 1",
    "module INTERNAL IBM850// IBM850 1",
    "",
  ].join("\n"),
} as const;

/** The content of the image besides programs, modules and the agent. */
export async function initEntries(tree: PackageTree): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = ["dev", "proc", "run", "sys", "mnt", "etc/farrier"].map((path) => ({
    kind: "directory",
    path,
    mode: executable,
  }));
  entries.push(
    { kind: "directory", path: "tmp", mode: 0o1777 },
    // The first process needs these before it mounts anything.
    { kind: "device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
    { kind: "device", path: "dev/null", mode: 0o666, major: 1, minor: 3 },
    { kind: "symlink", path: "etc/resolv.conf", target: "../run/resolv.conf" },
    { kind: "symlink", path: "etc/mtab", target: "../proc/self/mounts" },
  );
  for (const [path, text] of Object.entries(texts)) {
    entries.push({ kind: "file", path, mode: plainFile, data: Buffer.from(text) });
  }
  for (const [name, path] of Object.entries(scripts)) {
    const data = await readFile(new URL(`files/${name}`, import.meta.url));
    entries.push({ kind: "file", path, mode: executable, data });
  }
  const converter = `${gconvFolder}/IBM850.so`;
  entries.push({
    kind: "file",
    path: converter,
    mode: executable,
    data: await readFile(await tree.library("gconv/IBM850.so")),
  });
  return entries;
}
