// FAT file systems made by mkfs.vfat and mtools.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { espImagePrograms, fatFiles } from "../../../../test/support/esp-image.ts";
import { programsMissing } from "../../../../test/support/install-rig.ts";
import { fatImage } from "./fat.ts";
import { fatOpen } from "./fat-read.ts";
import type { Fat, FatEntry, FatSource } from "./fat-read.ts";

const sourceOf =
  (bytes: Buffer): FatSource =>
  (length, position) =>
    Promise.resolve(bytes.subarray(position, position + length));

async function namesIn(fat: Fat, path: readonly string[]): Promise<string[] | undefined> {
  let folder: FatEntry | undefined;
  for (const name of path) {
    folder = (await fat.list(folder)).find(
      (entry) => entry.isFolder && entry.name.toLowerCase() === name.toLowerCase(),
    );
    if (folder === undefined) {
      return undefined;
    }
  }
  return (await fat.list(folder)).map(({ name }) => name);
}

test.for<[bits: string, bytes: number, ...flags: string[]]>([
  ["12", 4 << 20],
  ["16", 16 << 20],
  ["32", 40 << 20],
  // A folder of many clusters.
  ["16", 8 << 20, "-s", "1"],
])("folders of FAT%s, of %s bytes", async ([bits, bytes, ...flags], context) => {
  const missing = await programsMissing(...espImagePrograms);
  context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")} (Debian: dosfstools, mtools)`);
  const folder = await mkdtemp(join(tmpdir(), "fat-"));
  try {
    const many = Array.from({ length: 40 }, (_, index) => `EFI/many/a long name of file number ${index}.efi`);
    const files = ["EFI/BOOT/BOOTX64.EFI", "EFI/systemd/systemd-bootx64.efi", "startup.nsh", ...many];
    const image = await fatFiles(
      folder,
      bytes,
      Object.fromEntries(files.map((name) => [name, "MZ"])),
      "-F",
      bits,
      ...flags,
    );
    const fat = await fatOpen(sourceOf(image));
    if (fat === undefined) {
      throw new Error("it was not taken for FAT");
    }
    expect(await namesIn(fat, [])).toEqual(["EFI", "startup.nsh"]);
    expect(await namesIn(fat, ["efi", "boot"])).toEqual(["BOOTX64.EFI"]);
    expect(await namesIn(fat, ["EFI", "systemd"])).toEqual(["systemd-bootx64.efi"]);
    expect(await namesIn(fat, ["EFI", "many"])).toEqual(many.map((name) => name.slice(9)));
    expect(await namesIn(fat, ["EFI", "none"])).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a seed of our own", async () => {
  const files = [{ name: "user-data", data: Buffer.from("x") }];
  const image = fatImage({ bytes: 8 << 20, sectorBytes: 512, label: "CIDATA", serial: 1, files });
  const fat = await fatOpen(sourceOf(image));
  expect(await fat?.list()).toMatchObject([{ name: "user-data", isFolder: false, bytes: 1 }]);
});

test("what is no FAT is none, and a damaged one ends", async () => {
  const files = [{ name: "user-data", data: Buffer.from("x") }];
  const image = fatImage({ bytes: 8 << 20, sectorBytes: 512, label: "CIDATA", serial: 1, files });
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(4096), Buffer.alloc(4096, 0xff), image.fill(0, 11, 14)]) {
    expect(await fatOpen(sourceOf(bytes))).toBeUndefined();
  }
  // A root folder in FAT32 whose chain of clusters leads back to itself.
  const loop = Buffer.alloc(1 << 20);
  loop.writeUInt16LE(512, 11);
  loop.writeUInt8(1, 13);
  loop.writeUInt16LE(1, 14);
  loop.writeUInt8(1, 16);
  loop.writeUInt32LE(2048, 32);
  loop.writeUInt32LE(16, 36);
  loop.writeUInt32LE(2, 44);
  loop.writeUInt16LE(0xaa55, 510);
  loop.writeUInt32LE(2, 512 + 8);
  loop.fill("A", 17 * 512, 18 * 512);
  const fat = await fatOpen(sourceOf(loop));
  expect((await fat?.list())?.length).toBeGreaterThan(0);
});
