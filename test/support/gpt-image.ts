import { copyFile, mkdir, open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostProgram, programsMissing } from "./install-rig.ts";

/** What a host must have to make one. */
export const gptImageMissing = (): Promise<string[]> => programsMissing("sgdisk", "mke2fs");

/**
 * A disk image of 32 MiB with a partition table as Debian's images have it: BIOS boot 14, EFI system 15, and last the
 * root 1, an ext4 that holds `file`. `first`: the root is the only partition, from the first mebibyte on.
 */
export async function gptImage(folder: string, options: { rootOnly?: boolean } = {}): Promise<Buffer> {
  const path = join(folder, "image.raw");
  const tree = join(folder, "tree");
  await mkdir(tree, { recursive: true });
  await writeFile(join(tree, "file"), "from the image\n");
  await writeFile(path, "");
  await truncate(path, 32 << 20);
  const system = ["-n", "14:2048:+1M", "-t", "14:ef02", "-n", "15:0:+2M", "-t", "15:ef00"];
  await hostProgram("sgdisk", ...(options.rootOnly === true ? [] : system), "-n", "1:0:0", "-c", "1:root", path);
  const start = options.rootOnly === true ? 1 << 20 : 4 << 20;
  const kibibytes = ((31 << 20) - start) >> 10;
  const made = ["-q", "-F", "-t", "ext4", "-E", `offset=${start}`, "-d", tree, path, `${kibibytes}k`];
  await hostProgram("mke2fs", ...made);
  return readFile(path);
}

/** Copies a partition out of a disk, for programs that want it by itself. */
export async function partitionCopy(disk: string, start: number, bytes: number, to: string): Promise<void> {
  await copyFile("/dev/null", to);
  await using from = await open(disk, "r");
  await using into = await open(to, "r+");
  const { buffer } = await from.read(Buffer.alloc(bytes), 0, bytes, start);
  await into.write(buffer);
}
