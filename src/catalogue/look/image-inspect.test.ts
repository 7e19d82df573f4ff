import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { efiProgram } from "../../../test/support/esp-image.ts";
import { hostProgram, programsMissing } from "../../../test/support/install-rig.ts";
import { systemImage, systemImagePrograms, type SystemImageParts } from "../testing/made-images.ts";
import { imageInspect, type Inspected } from "./image-inspect.ts";

const missing = await programsMissing(...systemImagePrograms, "debugfs");

let folder: string;
beforeEach(async (context) => {
  context.skip(
    missing.length > 0,
    `missing on this host: ${missing.join(", ")} (Debian: dosfstools, mtools, e2fsprogs)`,
  );
  folder = await mkdtemp(join(tmpdir(), "farrier-inspect-"));
  return () => rm(folder, { recursive: true, force: true });
});

async function inspect(image: Buffer): Promise<Inspected> {
  const path = join(folder, "image");
  await writeFile(path, image);
  return imageInspect(path, image.length, async (length, at) => Buffer.from(image.subarray(at, at + length)));
}

const whole: SystemImageParts = {
  table: "gpt",
  loaders: { "EFI/BOOT/BOOTX64.EFI": "MZ" },
  bootCode: true,
  root: "ext4",
  cloudInit: true,
};
const made = async (parts: Partial<SystemImageParts>): Promise<Inspected> =>
  inspect(await systemImage(folder, { ...whole, ...parts }));

test("an image for both kinds of firmware, with cloud-init", async () => {
  expect(await made({})).toMatchObject({
    partitionTable: "gpt",
    partitions: [
      { number: 1, startBytes: 1 << 20, sizeBytes: 8 << 20, type: "EFI system", fileSystem: "vfat" },
      { number: 2, startBytes: 9 << 20, sizeBytes: 20 << 20, type: "Linux", fileSystem: "ext4" },
    ],
    bootsBy: ["uefi", "bios"],
    architectures: ["x86_64"],
    rootFileSystem: "ext4",
    cloudInit: "yes",
    problems: [],
  });
});

describe("what an image has, and what it lacks", () => {
  test.each<[string, Partial<SystemImageParts>, Partial<Inspected>]>([
    ["no cloud-init", { cloudInit: false }, { cloudInit: "no" }],
    ["an MBR", { table: "mbr" }, { partitionTable: "mbr", bootsBy: ["uefi", "bios"], cloudInit: "yes" }],
    ["ext2", { root: "ext2" }, { rootFileSystem: "ext2", cloudInit: "yes" }],
    ["ext3", { root: "ext3" }, { rootFileSystem: "ext3", cloudInit: "yes" }],
    ["UEFI alone", { bootCode: false }, { bootsBy: ["uefi"], problems: [] }],
    ["BIOS alone", { loaders: {} }, { bootsBy: ["bios"], architectures: ["x86_64"], problems: [] }],
    ["ARM64", { bootCode: false, loaders: { "EFI/BOOT/BOOTAA64.EFI": "MZ" } }, { architectures: ["aarch64"] }],
    [
      "both processors",
      { bootCode: false, loaders: { "EFI/BOOT/BOOTAA64.EFI": "MZ", "EFI/BOOT/BOOTX64.EFI": "MZ" } },
      { architectures: ["x86_64", "aarch64"] },
    ],
    [
      "a loader without a signature",
      { loaders: { "EFI/BOOT/BOOTX64.EFI": efiProgram({ isSigned: false }) } },
      { unsignedFor: ["x86_64"], notes: [expect.stringContaining("machines with Secure Boot on refuse to start it")] },
    ],
    [
      "one with a signature, and one without for another processor",
      {
        loaders: {
          "EFI/BOOT/BOOTX64.EFI": efiProgram({ isSigned: true }),
          "EFI/BOOT/BOOTAA64.EFI": efiProgram({ isSigned: false }),
        },
      },
      { unsignedFor: ["aarch64"] },
    ],
    ["no root that is known", { root: "zeros" }, { rootFileSystem: "", cloudInit: "not-looked-into" }],
  ])("%s", async (_what, parts, expected) => {
    expect(await made(parts)).toMatchObject(expected);
  });

  test("what no firmware starts is a problem", async () => {
    const { problems } = await made({ bootCode: false, loaders: {} });
    expect(problems).toEqual([
      expect.stringMatching(/no firmware can start it: its EFI system partition has no loader/u),
    ]);
    const bare = await inspect(
      await systemImage(folder, { ...whole, table: "mbr", bootCode: false, loaders: undefined as never }),
    );
    expect(bare.problems).toEqual([
      expect.stringMatching(/it has no EFI system partition, and no boot code for BIOS/u),
    ]);
  });

  test("zeros, and a file system without a partition table", async () => {
    expect(await inspect(Buffer.alloc(1 << 20))).toMatchObject({
      partitionTable: "none",
      bootsBy: [],
      rootFileSystem: "",
    });
    const path = join(folder, "bare.ext4");
    await writeFile(path, Buffer.alloc(8 << 20));
    await hostProgram("mke2fs", "-q", "-F", "-t", "ext4", path);
    const { readFile } = await import("node:fs/promises");
    expect(await inspect(await readFile(path))).toMatchObject({
      partitionTable: "none",
      rootFileSystem: "ext4",
      cloudInit: "no",
      problems: [expect.stringContaining("no firmware can start it")],
    });
  });
});

describe("damage", () => {
  test("an image that is cut short", async () => {
    const image = await systemImage(folder, whole);
    await expect(inspect(image.subarray(0, 16 << 20))).rejects.toMatchObject({
      code: "unusable",
      message: expect.stringMatching(/cut short: it ends at block \d+, partition 2 at/u),
    });
  });

  test("a table whose checksum is wrong, and a table that is missing", async () => {
    const image = await systemImage(folder, whole);
    image[512 + 60] = (image[512 + 60] ?? 0) ^ 1;
    await expect(inspect(image)).rejects.toMatchObject({
      code: "unusable",
      message: expect.stringContaining("checksum"),
    });
    image.fill(0, 512, 1024);
    await expect(inspect(image)).rejects.toMatchObject({
      code: "unusable",
      message: expect.stringContaining("damaged"),
    });
  });

  test("a root file system whose super block alone is left", async () => {
    const image = await systemImage(folder, whole);
    image.fill(0xff, (9 << 20) + 4096, 29 << 20);
    const { cloudInit, rootFileSystem, notes } = await inspect(image);
    expect({ cloudInit, rootFileSystem }).toEqual({ cloudInit: "not-looked-into", rootFileSystem: "ext4" });
    expect(notes.join()).toMatch(/damaged|could not look/u);
  });
});
