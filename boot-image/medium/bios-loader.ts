import { dirname, join } from "node:path";
import { runPackageProgram } from "../package-program.ts";
import type { PackageTree } from "../package-tree.ts";
import { packageFile } from "./loaders.ts";

const modules = [
  "biosdisk",
  "iso9660",
  "normal",
  "search",
  "search_fs_file",
  "linux",
  "echo",
  "part_gpt",
  "part_msdos",
];

/** GRUB for BIOS machines on a medium. */
export interface BiosLoader {
  /** The boot program of El Torito. */
  program: string;
  /** The first sector for a medium that is a disk, such as a USB stick. */
  firstSector: string;
}

/** Makes GRUB for BIOS machines in `work`. Paths are on this host. @throws {BuildError} */
export async function biosLoader(tree: PackageTree, work: string): Promise<BiosLoader> {
  const firstSector = await packageFile(tree, "usr/lib/grub/i386-pc/boot_hybrid.img", "grub-pc-bin");
  const program = join(work, "bios.img");
  const how = ["-O", "i386-pc-eltorito", "-d", dirname(firstSector), "-p", "/boot/grub", "-o", program];
  await runPackageProgram(tree, "grub-mkimage", [...how, ...modules]);
  return { program, firstSector };
}
