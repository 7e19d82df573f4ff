// File systems made by their own programs, read as blkid reads them.
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hostProgram, programsMissing } from "../../../../test/support/install-rig.ts";
import { fileSystemId, fileSystemIdBytes } from "./file-system-id.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "file-system-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.for<[type: string, mebibytes: number, program: string, ...args: string[]]>([
  ["ext", 8, "mke2fs", "-q", "-F", "-t", "ext4"],
  ["ext", 8, "mke2fs", "-q", "-F", "-t", "ext2", "-b", "4096"],
  ["xfs", 320, "mkfs.xfs", "-q"],
  ["btrfs", 128, "mkfs.btrfs", "-q"],
  ["vfat", 4, "mkfs.vfat", "-F", "12"],
  ["vfat", 16, "mkfs.vfat", "-F", "16"],
  ["vfat", 64, "mkfs.vfat", "-F", "32"],
  ["exfat", 8, "mkfs.exfat"],
  ["ntfs", 8, "mkfs.ntfs", "-F", "-Q"],
  ["f2fs", 64, "mkfs.f2fs"],
  ["swap", 4, "mkswap"],
  [
    "LUKS",
    20,
    "cryptsetup",
    "luksFormat",
    "-q",
    "--type",
    "luks2",
    "--pbkdf",
    "pbkdf2",
    "--pbkdf-force-iterations",
    "1000",
  ],
  ["LUKS", 20, "cryptsetup", "luksFormat", "-q", "--type", "luks1", "--pbkdf-force-iterations", "1000"],
])("I3: the UUID of %s", async ([type, mebibytes, program, ...args], context) => {
  const lacking = await programsMissing(program, "blkid");
  context.skip(lacking.length > 0, `missing on this host: ${lacking.join(", ")}`);
  const path = join(folder, "file-system");
  await writeFile(path, "");
  await truncate(path, mebibytes << 20);
  await writeFile(join(folder, "key"), "a passphrase");
  await hostProgram(program, ...args, path, ...(type === "LUKS" ? [join(folder, "key")] : []));
  const told = (await hostProgram("blkid", "-p", "-s", "UUID", "-o", "value", path)).trim();
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(fileSystemIdBytes), 0, fileSystemIdBytes, 0);
  const own =
    type === "btrfs"
      ? expect.stringMatching(new RegExp(`^btrfs ${told} \\(device [0-9a-f-]{36}\\)$`, "u"))
      : `${type} ${told}`;
  expect(told).not.toBe("");
  expect(fileSystemId(buffer)).toEqual(own);
});

test("I3: what is none, or has no UUID, is like no other", () => {
  const without = Buffer.alloc(fileSystemIdBytes);
  without.writeUInt16LE(0xef53, 1080);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(512, 7), without]) {
    expect(fileSystemId(bytes)).toBeUndefined();
  }
});
