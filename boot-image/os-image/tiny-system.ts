import { readFile } from "node:fs/promises";
import { cpioArchive, type CpioEntry } from "../../src/lib/cpio.ts";
import { compress } from "../compress.ts";
import { kernelModules } from "../kernel-modules.ts";
import { libraryClosure } from "../library-closure.ts";
import type { Kernel } from "../kernel.ts";
import type { PackageTree } from "../package-tree.ts";

/**
 * The tiny system's kernel parameters: everything goes to the serial port; the kernel's timer test would fail on a busy
 * emulator.
 */
export const tinyCommandLine = "console=ttyS0 quiet no_timer_check panic=5";

/** The names by which the scripts call busybox. */
const busyboxNames = ["awk", "cat", "sed", "wc"];

/** The initrd with the whole tiny system: busybox, openssl for its report, and three scripts. */
export async function tinyInitrd(tree: PackageTree, kernel: Kernel): Promise<Buffer> {
  const modules = await kernelModules({
    set: "tiny",
    kernelVersion: kernel.version,
    kernelRoot: kernel.root,
    tree,
  });
  const script = (name: string): Promise<Buffer> => readFile(new URL(`../files/${name}.sh`, import.meta.url));
  const openssl = await readFile(await tree.program("openssl"));
  const libraries = libraryClosure(tree);
  await libraries.add(openssl);
  const entries: CpioEntry[] = [
    ...["etc", "proc", "sys", "mnt"].map((path) => ({ kind: "directory", path, mode: 0o755 }) as const),
    { kind: "device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
    { kind: "device", path: "dev/null", mode: 0o666, major: 1, minor: 3 },
    { kind: "file", path: "init", mode: 0o755, data: await script("tiny-init") },
    { kind: "file", path: "report.sh", mode: 0o755, data: await script("tiny-report") },
    { kind: "file", path: "address.sh", mode: 0o755, data: await script("tiny-address") },
    { kind: "file", path: "bin/busybox", mode: 0o755, data: await readFile(await tree.program("busybox")) },
    ...busyboxNames.map((name) => ({ kind: "symlink", path: `bin/${name}`, target: "busybox" }) as const),
    { kind: "file", path: "bin/openssl", mode: 0o755, data: openssl },
    ...libraries.entries(),
    // The kernel itself runs it, for a file system's character sets.
    { kind: "symlink", path: "sbin/modprobe", target: "../bin/busybox" },
    ...modules.entries,
  ];
  return compress(cpioArchive(entries));
}
