import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BuildError } from "../errors.ts";
import { fetchPackages } from "../fetch-packages.ts";
import { runPackageProgram } from "../package-program.ts";
import { packageTree, type PackageTree } from "../package-tree.ts";
import { runBuildProgram } from "../run-program.ts";
import { unpackAll } from "../unpack.ts";
import { debianRoot, type DebianRoot } from "./debian-root.ts";
import { put } from "./disk-put.ts";
import { fatMake } from "./fat.ts";
import { grubBiosMake } from "./grub-bios-make.ts";
import { imageWrite, type MadeImage } from "./image-write.ts";
import { debianRoots } from "./packages.ts";
import { makeDirectory } from "../../src/lib/host/make-directory.ts";

/** The options of a build. */
export interface DebianImageOptions {
  /** The image, raw and compressed with zstd; its digest goes to the same name with .sha256. */
  out: string;
  /** Keeps packages and their content from one build to the next. */
  cache: string;
  tell: (text: string) => void;
}

const mebibyte = 1 << 20;
const sectorSize = 512;
const grub = { first: 2048, sectors: 2048 };
const esp = { first: grub.first + grub.sectors, sectors: (64 * mebibyte) / sectorSize };
const rootFirst = esp.first + esp.sectors;
/** For the backup partition table at the disk's end. */
const tailBytes = mebibyte;
/** Beyond the size of its files: for the file system's metadata, and room for the first boot. */
const spareBytes = 256 * mebibyte;

/**
 * Makes a disk image of Debian 12 that UEFI (with secure boot) and BIOS can boot, with cloud-init, and its console on
 * the first serial port. Identifiers are new in each image.
 * @throws {BuildError}
 */
export async function debianImageBuild(options: DebianImageOptions): Promise<MadeImage> {
  const { out, cache, tell } = options;
  if (process.arch !== "x64") {
    throw new BuildError("unsupported", `the Debian image is built on x86-64 for x86-64, this host is ${process.arch}`);
  }
  await programsCheck();
  tell("fetching packages with apt");
  const files = await fetchPackages(join(cache, "packages"), debianRoots);
  const tree = packageTree(await unpackAll(files, join(cache, "unpacked")));
  // Next to the image, because intermediate files need several times its size.
  await makeDirectory(dirname(out));
  const work = await mkdtemp(`${out}.work-`);
  try {
    const rootUuid = randomUUID();
    const bios = await grubBiosMake(tree, {
      work,
      firstSector: grub.first,
      prefix: "(,gpt1)/boot/grub",
      modules: [
        "biosdisk",
        "part_gpt",
        "ext2",
        "normal",
        "search",
        "search_fs_uuid",
        "linux",
        "linux16",
        "test",
        "serial",
      ],
      script: undefined,
    });
    tell("making the root file system with mmdebstrap");
    const root = await debianRoot({ work, rootUuid, grubModules: bios.modulesFolder });
    tell("putting it on a disk");
    const disk = join(work, "disk");
    const bytes = await rootPartition(root, { work, disk, rootUuid });
    await espPartition(tree, root, { work, disk, rootUuid });
    await put(disk, 0, bios.boot);
    await put(disk, grub.first * sectorSize, bios.core);
    await partitionTable(tree, disk, bytes);
    tell(`packing ${((await stat(disk)).size / 1e6).toFixed(0)} MB`);
    return await imageWrite(disk, out);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** All of them first, so that a missing program is reported before minutes of work. */
async function programsCheck(): Promise<void> {
  await runBuildProgram("mmdebstrap", ["--version"]);
  await runBuildProgram("mke2fs", ["-V"]);
  if (!isRoot()) {
    await runBuildProgram("fakeroot", ["--version"]);
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

interface Place {
  work: string;
  disk: string;
  rootUuid: string;
}

/** Puts the root file system on the disk; resolves to its size in bytes. */
async function rootPartition({ tar }: DebianRoot, { work, disk, rootUuid }: Place): Promise<number> {
  const { size } = await stat(tar);
  const bytes = Math.ceil((size * 1.06 + spareBytes) / mebibyte) * mebibyte;
  const offset = rootFirst * sectorSize;
  await writeFile(disk, "");
  await truncate(disk, offset + bytes + tailBytes);
  // Debian 12's own GRUB and e2fsck do not know the last two features.
  const features = "^metadata_csum_seed,^orphan_file";
  const script = [
    'mkdir "$1"',
    'tar -xf "$2" -C "$1" --numeric-owner',
    'mke2fs -q -F -t ext4 -L debian -U "$3" -O "$4" -E "offset=$5,lazy_itable_init=1" -d "$1" "$6" "$7"',
  ].join(" && ");
  const folder = join(work, "root");
  const words = ["-ec", script, "sh", folder, tar, rootUuid, features, String(offset), disk, `${bytes / 1024}k`];
  // Only root can set the files' owners in the image, or fakeroot's simulated root.
  await (isRoot() ? runBuildProgram("sh", words) : runBuildProgram("fakeroot", ["--", "sh", ...words]));
  await rm(folder, { recursive: true, force: true });
  return bytes;
}

async function espPartition(tree: PackageTree, { efi }: DebianRoot, { work, disk, rootUuid }: Place): Promise<void> {
  const script = `search.fs_uuid ${rootUuid} root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n`;
  const [shim, manager, loader] = await Promise.all(
    ["shimx64", "mmx64", "grubx64"].map((name) => readFile(join(efi, `${name}.efi.signed`))),
  );
  const file = join(work, "esp");
  const none = Buffer.alloc(0);
  await fatMake(tree, file, {
    label: "EFI",
    bytes: esp.sectors * sectorSize,
    volumeId: randomBytes(4).toString("hex"),
    files: [
      { path: "EFI/BOOT/BOOTX64.EFI", data: shim ?? none },
      { path: "EFI/BOOT/grubx64.efi", data: loader ?? none },
      { path: "EFI/debian/shimx64.efi", data: shim ?? none },
      { path: "EFI/debian/mmx64.efi", data: manager ?? none },
      { path: "EFI/debian/grubx64.efi", data: loader ?? none },
      // Where Debian's signed GRUB looks for it, whatever disk it was started from.
      { path: "EFI/debian/grub.cfg", data: Buffer.from(script) },
    ],
  });
  await put(disk, esp.first * sectorSize, await readFile(file));
}

async function partitionTable(tree: PackageTree, disk: string, rootBytes: number): Promise<void> {
  const partition = (number: number, first: number, sectors: number, type: string, name: string): string[] => [
    ...["-n", `${number}:${first}:${first + sectors - 1}`, "-t", `${number}:${type}`, "-c", `${number}:${name}`],
  ];
  await runPackageProgram(tree, "sgdisk", [
    ...partition(14, grub.first, grub.sectors, "ef02", "BIOS"),
    ...partition(15, esp.first, esp.sectors, "ef00", "ESP"),
    ...partition(1, rootFirst, rootBytes / sectorSize, "8304", "root"),
    disk,
  ]);
}
