import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BuildError } from "../errors.ts";
import { runPackageProgram } from "../package-program.ts";
import type { PackageTree } from "../package-tree.ts";
import { grubBiosFit, type GrubBios } from "./grub-bios.ts";

/** GRUB for BIOS machines, from the packages grub-common and grub-pc-bin. */
export interface MadeGrub extends GrubBios {
  /** The folder of its modules on this host. */
  modulesFolder: string;
}

/** Makes GRUB's core image with these modules for its place on the disk. `script` is run first. @throws {BuildError} */
export async function grubBiosMake(
  tree: PackageTree,
  options: {
    work: string;
    /** The core image's. */
    firstSector: number;
    /** Where it looks for the rest; a partition without a disk's name is on the disk that it was started from. */
    prefix: string;
    modules: readonly string[];
    script: string | undefined;
  },
): Promise<MadeGrub> {
  const { work, firstSector, prefix, modules, script } = options;
  const boot = await tree.find(["usr/lib/grub/i386-pc/boot.img"]);
  if (boot === undefined) {
    throw new BuildError("packages", "the package grub-pc-bin has no i386-pc/boot.img");
  }
  const folder = dirname(boot);
  const core = join(work, "core");
  const first: string[] = [];
  if (script !== undefined) {
    first.push("-c", join(work, "grub.cfg"));
    await writeFile(join(work, "grub.cfg"), script);
  }
  const how = ["-O", "i386-pc", "-d", folder, "-p", prefix, ...first, "-o", core];
  await runPackageProgram(tree, "grub-mkimage", [...how, ...modules]);
  return { ...grubBiosFit(await readFile(boot), await readFile(core), firstSector), modulesFolder: folder };
}
