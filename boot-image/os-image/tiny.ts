import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildError } from "../errors.ts";
import { fetchPackages } from "../fetch-packages.ts";
import { kernelOf, type Kernel } from "../kernel.ts";
import { runPackageProgram } from "../package-program.ts";
import { packageTree, type PackageTree } from "../package-tree.ts";
import { unpackAll } from "../unpack.ts";
import { put } from "./disk-put.ts";
import { fatMake, type FatImageFile } from "./fat.ts";
import { grubBiosMake } from "./grub-bios-make.ts";
import { imageWrite, type MadeImage } from "./image-write.ts";
import { tinyRoots } from "./packages.ts";
import { peWithSections } from "./pe-sections.ts";
import { tinyCommandLine, tinyInitrd } from "./tiny-system.ts";

/** The options of a build. */
export interface TinyImageOptions {
  firmware: "uefi" | "bios";
  /** The image, raw and compressed with zstd; its digest goes to the same name with .sha256. */
  out: string;
  /** Keeps packages and their content from one build to the next. */
  cache: string;
  tell: (text: string) => void;
}

const mebibyte = 1 << 20;
const sectorSize = 512;
const diskBytes = 48 * mebibyte;
/** The first partition's first sector, and the place of GRUB's core image. */
const firstSector = 2048;
const grubBytes = mebibyte;

/** Makes the tiny system's disk image, for either firmware. It needs no root. @throws {BuildError} */
export async function tinyImageBuild(options: TinyImageOptions): Promise<MadeImage> {
  const { firmware, out, cache, tell } = options;
  if (process.arch !== "x64") {
    throw new BuildError("unsupported", `the tiny image is built on x86-64 for x86-64, this host is ${process.arch}`);
  }
  tell("fetching packages with apt");
  const files = await fetchPackages(join(cache, "packages"), tinyRoots[firmware]);
  tell(`unpacking ${files.length} packages`);
  const unpacked = await unpackAll(files, join(cache, "unpacked"));
  const tree = packageTree(unpacked);
  const kernel = kernelOf(unpacked);
  tell(`assembling, with kernel ${kernel.version}`);
  const initrd = await tinyInitrd(tree, kernel);
  const work = await mkdtemp(join(tmpdir(), "farrier-tiny-"));
  try {
    const disk = join(work, "disk");
    await writeFile(disk, "");
    await truncate(disk, diskBytes);
    if (firmware === "uefi") {
      await uefiDisk({ tree, kernel, initrd, work, disk });
    } else {
      await biosDisk({ tree, kernel, initrd, work, disk });
    }
    return await imageWrite(disk, out);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Parts {
  tree: PackageTree;
  kernel: Kernel;
  initrd: Buffer;
  work: string;
  disk: string;
}

/** One partition: the firmware starts the kernel itself, which has everything it needs. */
async function uefiDisk({ tree, kernel, initrd, work, disk }: Parts): Promise<void> {
  const stub = await tree.find(["usr/lib/systemd/boot/efi/linuxx64.efi.stub"]);
  if (stub === undefined) {
    throw new BuildError("packages", "the package systemd-boot-efi has no linuxx64.efi.stub");
  }
  const unified = peWithSections(await readFile(stub), [
    { name: ".osrel", data: Buffer.from('ID=farrier-tiny\nPRETTY_NAME="Farrier\'s tiny system"\n') },
    { name: ".cmdline", data: Buffer.from(`${tinyCommandLine}\0`) },
    { name: ".initrd", data: initrd },
    // Last, because the kernel may use the memory behind it.
    { name: ".linux", data: await readFile(kernel.image) },
  ]);
  const file = join(work, "esp");
  const bytes = diskBytes - (firstSector + firstSector) * sectorSize;
  await fatMake(tree, file, { label: "ESP", bytes, files: [{ path: "EFI/BOOT/BOOTX64.EFI", data: unified }] });
  const sectors = bytes / sectorSize;
  const guids = guidsOf(unified);
  await runPackageProgram(tree, "sgdisk", [
    ...[
      "-U",
      guids.disk,
      "-n",
      `1:${firstSector}:+${sectors - 1}`,
      "-t",
      "1:ef00",
      "-c",
      "1:ESP",
      "-u",
      `1:${guids.part1}`,
    ],
    disk,
  ]);
  await put(disk, firstSector * sectorSize, await readFile(file));
}

/** Two partitions: GRUB's core image, and the files that it starts. */
async function biosDisk({ tree, kernel, initrd, work, disk }: Parts): Promise<void> {
  const script = [
    "serial --unit=0 --speed=115200",
    "terminal_output serial console",
    `linux16 /vmlinuz ${tinyCommandLine}`,
    "initrd16 /initrd",
    "boot",
    "",
  ].join("\n");
  const { boot, core } = await grubBiosMake(tree, {
    work,
    firstSector,
    prefix: "(,gpt2)/",
    modules: ["biosdisk", "part_gpt", "fat", "linux16", "serial", "terminal", "boot"],
    script,
  });
  const start = firstSector + grubBytes / sectorSize;
  const bytes = diskBytes - (start + firstSector) * sectorSize;
  const file = join(work, "boot");
  const files: FatImageFile[] = [
    { path: "vmlinuz", data: await readFile(kernel.image) },
    { path: "initrd", data: initrd },
  ];
  await fatMake(tree, file, { label: "TINY", bytes, files });
  const guids = guidsOf(initrd);
  await runPackageProgram(tree, "sgdisk", [
    ...["-U", guids.disk, "-a", "1", "-n", `1:${firstSector}:${start - 1}`, "-t", "1:ef02", "-c", "1:BIOS"],
    ...["-u", `1:${guids.part1}`, "-n", `2:${start}:+${bytes / sectorSize - 1}`, "-t", "2:8300", "-c", "2:TINY"],
    ...["-u", `2:${guids.part2}`, disk],
  ]);
  await put(disk, 0, boot);
  await put(disk, firstSector * sectorSize, core);
  await put(disk, start * sectorSize, await readFile(file));
}

/** Identifiers derived from the disk's content: equal images have equal ones. */
function guidsOf(content: Buffer): { disk: string; part1: string; part2: string } {
  const guid = (of: string): string => {
    const hex = createHash("sha256").update(of).update(content).digest("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  };
  return { disk: guid("disk"), part1: guid("1"), part2: guid("2") };
}
