// What `farrier image show` says of images with each file system that the catalogue knows: made by the file systems' own
// programs where these are there, and by hand everywhere.
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ImageState } from "../../gen/farrier/operator/v1/image_pb.ts";
import { imageInspect } from "../../src/catalogue/look/image-inspect.ts";
import { imageLines } from "../../src/cli/show/image-lines.ts";
import type { ImageVersionRecord } from "../../src/database/queries/image/image-version.ts";
import { catalogueImageMessage } from "../../src/operator-api/messages/catalogue-image-message.ts";
import { hostProgram, programsMissing } from "../support/install-rig.ts";

const mebibyte = 1 << 20;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-file-systems-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A disk that a BIOS starts: boot code, and one Linux partition from the first mebibyte on, that begins like this. */
function diskWith(partition: Buffer): Buffer {
  const disk = Buffer.alloc(3 * mebibyte);
  disk.write("eb6390", 0, "hex");
  disk.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  disk.writeUInt32LE(mebibyte / 512, 454);
  disk.writeUInt32LE((2 * mebibyte) / 512, 458);
  disk.writeUInt16LE(0xaa55, 510);
  partition.copy(disk, mebibyte, 0, 2 * mebibyte);
  return disk;
}

/** The lines of `farrier image show`, once the catalogue has looked into this disk. */
async function shown(disk: Buffer): Promise<string> {
  const path = join(folder, "image");
  await writeFile(path, disk);
  const inspected = await imageInspect(path, disk.length, async (length, at) =>
    Buffer.from(disk.subarray(at, at + length)),
  );
  const record = {
    ...{ name: "web", version: 1, state: "ready", shownUrl: "http://origin/web", tags: [], createdBy: "tester" },
    ...{ cachedAt: [], signed: false, cached: false, isPublic: false, createdAt: new Date(0) },
    facts: {
      ...{ format: "raw", compression: "none", packedBytes: disk.length, unpackedBytes: disk.length },
      ...inspected,
    },
  } as unknown as ImageVersionRecord;
  const message = catalogueImageMessage(record);
  expect(message.state).toBe(ImageState.READY);
  return imageLines(message, new Date(0));
}

/** What is to be said of a disk with this file system. */
function expectWords(lines: string, name: string, isRoot: boolean): void {
  expect(lines).toMatch(new RegExp(`^ {2}1 +2\\.10 MB, Linux, ${name}$`, "mu"));
  expect(lines).toMatch(/^boots by +bios$/mu);
  expect(/^root +(?<name>.+)$/mu.exec(lines)?.groups?.["name"]).toBe(isRoot ? name : undefined);
  expect(lines).toMatch(/^cloud-init +not looked into$/mu);
  expect(lines).not.toMatch(/^problem/mu);
}

describe("made by hand, by its magic number", () => {
  test.each<[name: string, isRoot: boolean, position: number, magic: string]>([
    ["xfs", true, 0, "XFSB"],
    ["btrfs", true, 65_600, "_BHRfS_M"],
    ["f2fs", true, 1024, "\u0010\u0020\u00f5\u00f2"],
    ["erofs", true, 1024, "\u00e2\u00e1\u00f5\u00e0"],
    ["squashfs", true, 0, "hsqs"],
    ["ntfs", false, 3, "NTFS    "],
    ["exfat", false, 3, "EXFAT   "],
    ["vfat", false, 82, "FAT32   "],
    ["vfat", false, 54, "FAT12   "],
    ["swap", false, 4086, "SWAPSPACE2"],
    ["LUKS", false, 0, "LUKS\u00ba\u00be"],
    ["LVM", false, 512, "LABELONE"],
    ["iso9660", false, 32_769, "CD001"],
  ])("%s", async (name, isRoot, position, magic) => {
    const partition = Buffer.alloc(128 << 10);
    partition.write(magic, position, "latin1");
    expectWords(await shown(diskWith(partition)), name, isRoot);
  });

  test("zeros, and random bytes, are no file system", async () => {
    for (const partition of [Buffer.alloc(128 << 10), Buffer.alloc(128 << 10, "farrier")]) {
      const lines = await shown(diskWith(partition));
      expect(lines).toMatch(/^ {2}1 +2\.10 MB, Linux$/mu);
      expect(lines).not.toMatch(/^root/mu);
    }
  });

  test("a magic number behind the end of a short partition is none of it", async () => {
    const disk = diskWith(Buffer.alloc(0));
    disk.writeUInt32LE((64 << 10) / 512, 458);
    disk.write("_BHRfS_M", mebibyte + 65_600, "latin1");
    expect(await shown(disk)).toMatch(/^ {2}1 +65\.5 kB, Linux$/mu);
  });
});

describe("made by its own program", () => {
  test.for<[name: string, program: string, debianPackage: string, isRoot: boolean, megabytes: number, args: string]>([
    ["xfs", "mkfs.xfs", "xfsprogs", true, 320, "-q -f OUT"],
    ["btrfs", "mkfs.btrfs", "btrfs-progs", true, 128, "-q -f OUT"],
    ["f2fs", "mkfs.f2fs", "f2fs-tools", true, 64, "-q -f OUT"],
    ["squashfs", "mksquashfs", "squashfs-tools", true, 0, "TREE OUT -noappend -quiet -no-progress"],
    ["erofs", "mkfs.erofs", "erofs-utils", true, 0, "OUT TREE"],
    ["ntfs", "mkntfs", "ntfs-3g", false, 16, "-q -F -Q OUT"],
    ["exfat", "mkfs.exfat", "exfatprogs", false, 16, "OUT"],
    ["vfat", "mkfs.vfat", "dosfstools", false, 2, "-F 12 OUT"],
    ["vfat", "mkfs.vfat", "dosfstools", false, 16, "-F 16 OUT"],
    ["vfat", "mkfs.vfat", "dosfstools", false, 64, "-F 32 OUT"],
    ["swap", "mkswap", "util-linux", false, 4, "-q OUT"],
    [
      ...(["LUKS", "cryptsetup", "cryptsetup-bin", false, 32] as const),
      "luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file TREE/file OUT",
    ],
  ])("%s: %s", async ([name, program, debianPackage, isRoot, megabytes, args], context) => {
    const missing = await programsMissing(program);
    context.skip(missing.length > 0, `${program} is not installed (Debian: ${debianPackage})`);
    const [tree, out] = [join(folder, "tree"), join(folder, "made")];
    await mkdir(tree, { recursive: true });
    await writeFile(join(tree, "file"), "a file\n");
    await rm(out, { force: true });
    if (megabytes > 0) {
      await using file = await open(out, "w");
      await file.truncate(megabytes * mebibyte);
    }
    const line = args.replaceAll("OUT", out).replaceAll("TREE", tree);
    await hostProgram(program, ...line.split(" "));
    expectWords(await shown(diskWith(await beginningOf(out))), name, isRoot);
  });

  test("an ISO image: xorriso", async (context) => {
    const missing = await programsMissing("xorriso");
    context.skip(missing.length > 0, "xorriso is not installed (Debian: xorriso)");
    const [tree, out] = [join(folder, "tree"), join(folder, "made.iso")];
    await mkdir(tree, { recursive: true });
    await writeFile(join(tree, "file"), "a file\n");
    await hostProgram("xorriso", "-as", "mkisofs", "-quiet", "-o", out, tree);
    const lines = await shown(await readFile(out));
    expect(lines).toMatch(/^partitions +iso$/mu);
    expect(lines).toMatch(/^problem +no firmware can start it/mu);
  });
});

async function beginningOf(path: string): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(2 * mebibyte, (await stat(path)).size));
  await using file = await open(path, "r");
  await file.read(bytes, 0, bytes.length, 0);
  return bytes;
}
