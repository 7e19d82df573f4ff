import { mkdir, open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fatFiles } from "../../../test/support/esp-image.ts";
import { hostProgram } from "../../../test/support/install-rig.ts";

/** Programs of the host that {@link systemImage} calls. */
export const systemImagePrograms = ["mkfs.vfat", "mmd", "mcopy", "sfdisk", "mke2fs"] as const;

/** What a made image has. */
export interface SystemImageParts {
  table: "gpt" | "mbr";
  /** Files of the EFI system partition by path; absent = there is no such partition. */
  loaders?: Record<string, string>;
  /** Whether the first sector has boot code. */
  bootCode: boolean;
  root: "ext2" | "ext3" | "ext4" | "zeros";
  cloudInit: boolean;
}

const bytes = 32 << 20;
const mebibyte = 1 << 20;

/** A disk image of 32 MiB as sfdisk, mkfs.vfat and mke2fs make it: an EFI system partition of 8 MiB, and a root of 20. */
export async function systemImage(folder: string, parts: SystemImageParts): Promise<Buffer> {
  const path = join(folder, "system.raw");
  await writeFile(path, "");
  await truncate(path, bytes);
  const types = parts.table === "gpt" ? { system: "uefi", root: "linux" } : { system: "ef", root: "83" };
  const script = [
    `label: ${parts.table === "gpt" ? "gpt" : "dos"}`,
    ...(parts.loaders === undefined ? [] : [`start=2048, size=16384, type=${types.system}`]),
    `start=18432, size=40960, type=${types.root}`,
  ].join("\\n");
  await hostProgram("sh", "-c", `printf '${script}\\n' | sfdisk -q ${path}`);
  if (parts.root !== "zeros") {
    const tree = join(folder, "tree");
    await mkdir(join(tree, "usr/bin"), { recursive: true });
    if (parts.cloudInit) {
      await writeFile(join(tree, "usr/bin/cloud-init"), "#!/usr/bin/python3\n");
    }
    const start = `offset=${9 * mebibyte}`;
    await hostProgram("mke2fs", "-q", "-F", "-t", parts.root, "-E", start, "-d", tree, path, "20480k");
  }
  await using file = await open(path, "r+");
  if (parts.loaders !== undefined) {
    const system = await fatFiles(folder, 8 * mebibyte, parts.loaders);
    await file.write(system, 0, system.length, mebibyte);
  }
  if (parts.bootCode) {
    await file.write(Buffer.from("eb6390", "hex"), 0, 3, 0);
  }
  return readFile(path);
}
