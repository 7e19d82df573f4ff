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

/** What to make. */
export interface DebianImageOptions {
  /** The image, raw and packed with zstd; its digest goes to the same name with .sha256. */
  out: string;
  /** Keeps packages and what is in them from one build to the next. */
  cache: string;
  tell: (text: string) => void;
}

const mebibyte = 1 << 20;
const sectorSize = 512;
const grub = { first: 2048, sectors: 2048 };
const esp = { first: grub.first + grub.sectors, sectors: (64 * mebibyte) / sectorSize };
const rootFirst = esp.first + esp.sectors;
/** For the second table of partitions, which ends the disk. */
const tailBytes = mebibyte;
/** Beyond what its files take: the file system's own, and room for the first boot. */
const spareBytes = 256 * mebibyte;

/**
 * Makes a disk image of Debian 12 that UEFI (with secure boot) and BIOS can start, with cloud-init, and its console on the first serial
 * line. Identifiers are new in each.
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
  // Beside the image: what is made on the way takes a few times as much room.
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

/** All of them first: nobody should wait for minutes to hear of the second one. */
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

/** Makes the disk with the root file system on it; resolves to the bytes of that. */
async function rootPartition({ tar }: DebianRoot, { work, disk, rootUuid }: Place): Promise<number> {
  const { size } = await stat(tar);
  const bytes = Math.ceil((size * 1.06 + spareBytes) / mebibyte) * mebibyte;
  const offset = rootFirst * sectorSize;
  await writeFile(disk, "");
  await truncate(disk, offset + bytes + tailBytes);
  // The last two are newer than what Debian 12's own GRUB and e2fsck know.
  const features = "^metadata_csum_seed,^orphan_file";
  const script = [
    'mkdir "$1"',
    'tar -xf "$2" -C "$1" --numeric-owner',
    'mke2fs -q -F -t ext4 -L debian -U "$3" -O "$4" -E "offset=$5,lazy_itable_init=1" -d "$1" "$6" "$7"',
  ].join(" && ");
  const folder = join(work, "root");
  const words = ["-ec", script, "sh", folder, tar, rootUuid, features, String(offset), disk, `${bytes / 1024}k`];
  // What belongs to whom in the image, only root may say, or who is told that he is.
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
      // Where Debian's signed GRUB looks, wherever it was started from.
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
