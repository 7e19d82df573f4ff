import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mediumManifestName, mediumName, mediumVolume } from "../../src/contract/medium-path.ts";
import { writeFileAtomic } from "../../src/lib/host/atomic-file.ts";
import { makeDirectory } from "../../src/lib/host/make-directory.ts";
import type { PackageFile } from "../fetch-packages.ts";
import type { BootImageManifest } from "../manifest.ts";
import { fatMake } from "../os-image/fat.ts";
import { runPackageProgram } from "../package-program.ts";
import { packageTree, type PackageTree } from "../package-tree.ts";
import { unpackAll } from "../unpack.ts";
import { areaBlank, areaMarked, areaBytes } from "./area.ts";
import { biosLoader } from "./bios-loader.ts";
import { loaderScript, mediumPaths } from "./loader-script.ts";
import { uefiLoaders } from "./loaders.ts";
import { mediumInputs, type MediumManifest } from "./manifest.ts";

/** What a boot medium is made from. */
export interface MediumOptions {
  /** The boot image's folder, where the medium is put too. */
  out: string;
  image: BootImageManifest;
  packages: readonly PackageFile[];
  cache: string;
  kernelArguments: string;
  tell: (text: string) => void;
}

const readable = 0o644;
/** Shim, its key manager and GRUB have 5.6 MB. */
const espBytes = 8 << 20;
/** The time of all files: the earliest of FAT. */
const epoch = "315532800";

/**
 * Makes agent.iso: a medium from which BIOS and UEFI machines start the agent, from a drive or as a disk, by Debian's
 * signed loaders. Its reserved area is blank. The same boot image and packages give the same bytes.
 * @throws {BuildError}
 */
export async function mediumBuild(options: MediumOptions): Promise<MediumManifest> {
  const { out, image, kernelArguments, tell } = options;
  const unpacked = await unpackAll(options.packages, join(options.cache, "unpacked"));
  const inputs = mediumInputs({
    image: { ...image.sha256, inputs: image.inputs },
    packages: unpacked,
    kernelArguments,
  });
  const before = await mediumRead(out);
  if (before?.inputs === inputs) {
    tell("the medium is made from these already");
    return before;
  }
  tell("making the medium");
  // Beside the result, because it needs as much room again.
  await makeDirectory(out);
  const work = await mkdtemp(join(out, ".medium-"));
  try {
    const medium = await isoMake(packageTree(unpacked), { out, work, inputs, kernelArguments });
    const offset = areaBlank(medium, areaMark(inputs));
    const manifest: MediumManifest = {
      bytes: medium.length,
      sha256: createHash("sha256").update(medium).digest("hex"),
      area: { offset, bytes: areaBytes },
      inputs,
    };
    await writeFileAtomic(join(out, mediumName), medium, { mode: readable });
    // Last, so that the medium matches it whenever it is read.
    await writeFileAtomic(join(out, mediumManifestName), `${JSON.stringify(manifest, null, 2)}\n`, { mode: readable });
    return manifest;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function areaMark(inputs: string): string {
  return `FARRIER RESERVED AREA ${inputs}\n`;
}

/** The ISO 9660 file system with both loaders; the area is still marked. */
async function isoMake(
  tree: PackageTree,
  made: { out: string; work: string; inputs: string; kernelArguments: string },
): Promise<Buffer> {
  const { out, work, inputs, kernelArguments } = made;
  const root = join(work, "root");
  const mark = `farrier/${inputs.slice(0, 32)}`;
  const script = Buffer.from(loaderScript({ mark, kernelArguments }));
  const loaders = await uefiLoaders(tree);
  const bios = await biosLoader(tree, work);
  const put = async (path: string, data: Uint8Array): Promise<void> => {
    await makeDirectory(dirname(join(root, path)));
    await writeFile(join(root, path), data);
  };
  await put(mark, Buffer.alloc(0));
  await put(mediumPaths.area, areaMarked(areaMark(inputs)));
  await put(mediumPaths.script, script);
  await put(mediumPaths.bios, await readFile(bios.program));
  await cp(join(out, "vmlinuz"), join(root, mediumPaths.kernel));
  await cp(join(out, "initramfs"), join(root, mediumPaths.initramfs));
  for (const { path, data } of loaders) {
    await put(path, data);
  }
  const esp = join(work, "esp");
  const files = [...loaders, { path: mediumPaths.script, data: script }];
  await fatMake(tree, esp, { label: "FARRIER", bytes: espBytes, files });
  const iso = join(work, "iso");
  await runPackageProgram(tree, "xorriso", isoArguments({ iso, root, esp, firstSector: bios.firstSector }), {
    env: { SOURCE_DATE_EPOCH: epoch, TZ: "UTC" },
  });
  return readFile(iso);
}

/** Both firmwares' boot programs (El Torito), and partitions for the case that the medium is a disk. Pure. */
function isoArguments(of: { iso: string; root: string; esp: string; firstSector: string }): string[] {
  return [
    ...["-as", "mkisofs", "-quiet", "-V", mediumVolume, "-o", of.iso],
    ...["-uid", "0", "-gid", "0", "-file-mode", "0444", "-dir-mode", "0555"],
    ...["-b", mediumPaths.bios, "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info"],
    ...["--grub2-mbr", of.firstSector, "-partition_offset", "16", "-append_partition", "2", "0xef", of.esp],
    ...["-appended_part_as_gpt", "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot"],
    of.root,
  ];
}

/** The description of the folder's medium; undefined if there is none of that size. */
async function mediumRead(folder: string): Promise<MediumManifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, mediumManifestName), "utf8")) as MediumManifest;
    return (await stat(join(folder, mediumName))).size === manifest.bytes ? manifest : undefined;
  } catch {
    // Anything else was not made here.
    return undefined;
  }
}
