import { readFile } from "node:fs/promises";
import { BuildError } from "../errors.ts";
import type { PackageTree } from "../package-tree.ts";
import type { FatImageFile } from "../os-image/fat.ts";

/** Debian's signed programs: path on the medium → path in the package, and its package. */
const signed = [
  ["EFI/BOOT/BOOTX64.EFI", "usr/lib/shim/shimx64.efi.signed", "shim-signed"],
  ["EFI/BOOT/mmx64.efi", "usr/lib/shim/mmx64.efi.signed", "shim-helpers-amd64-signed"],
  // This GRUB is made for media: it looks for /boot/grub/grub.cfg on the medium that it was started from.
  ["EFI/BOOT/grubx64.efi", "usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed", "grub-efi-amd64-signed"],
] as const;

/** The chain for UEFI, with or without Secure Boot. @throws {BuildError} `packages` */
export async function uefiLoaders(tree: PackageTree): Promise<FatImageFile[]> {
  return Promise.all(
    signed.map(async ([path, source, name]) => ({ path, data: await readFile(await packageFile(tree, source, name)) })),
  );
}

/** The path on this host of a package's file. @throws {BuildError} `packages` if the package is not there */
export async function packageFile(tree: PackageTree, path: string, name: string): Promise<string> {
  const found = await tree.find([path]);
  if (found === undefined) {
    throw new BuildError("packages", `no package has /${path}: give the package ${name} of the same Debian`);
  }
  return found;
}
