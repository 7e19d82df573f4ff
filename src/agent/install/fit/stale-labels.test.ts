// Labels of older uses of a disk, judged by blkid: none of them is found in what an installation adds or grows.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { gptImage, gptImageMissing } from "../../../../test/support/gpt-image.ts";
import { hostProgram, installRig, programsMissing } from "../../../../test/support/install-rig.ts";
import { labelRanges } from "./stale-labels.ts";

const mebibyte = 1 << 20;
const diskBytes = 160 * mebibyte;
const missing = [...(await gptImageMissing()), ...(await programsMissing("blkid"))];

/** md's super block of version 1.0 (md_p.h), for a device of `sectors`: 8 KiB before its end. */
function md10(sectors: number): { at: number; bytes: Buffer } {
  const at = (sectors - 16) & ~7;
  const bytes = Buffer.alloc(256);
  bytes.writeUInt32LE(0xa92b_4efc, 0);
  bytes.writeUInt32LE(1, 4);
  bytes.fill(0x11, 16, 32);
  bytes.write("host:old", 32);
  bytes.writeBigUInt64LE(BigInt(at), 144);
  let sum = 0n;
  for (let word = 0; word < 256; word += 4) {
    sum += BigInt(bytes.readUInt32LE(word));
  }
  bytes.writeUInt32LE(Number(((sum & 0xffff_ffffn) + (sum >> 32n)) & 0xffff_ffffn), 216);
  return { at: at * 512, bytes };
}

/** Intel's RAID metadata: its signature in the last sector but one. */
function imsm(bytes: number): { at: number; bytes: Buffer } {
  return { at: bytes - 1024, bytes: Buffer.from("Intel Raid ISM Cfg Sig. 1.3.00\0\0") };
}

/** A DDF header in the last sector (SNIA DDF 2.0, 4.1). */
function ddf(bytes: number): { at: number; bytes: Buffer } {
  const header = Buffer.alloc(512, 0xff);
  header.writeUInt32BE(0xde11_de11, 0);
  header.fill(0xff, 4, 8);
  header.write("Old RAID GUID 0123456789", 8);
  header.write("01.02.00", 32);
  header.writeUInt32BE(crc32(header), 4);
  return { at: bytes - 512, bytes: header };
}

describe("what is added or grown holds no label of an older use", () => {
  beforeEach((context) => context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")}`));

  test.each([
    ["md 1.0 at the end", (bytes: number) => md10(bytes / 512)],
    ["Intel RAID at the end", imsm],
    ["DDF at the end", ddf],
    ["LUKS2's second header", () => ({ at: 16_384, bytes: Buffer.from("SKUL\u00ba\u00be\0\u0002", "latin1") })],
    ["the whole disk's bytes", () => ({ at: 0, bytes: Buffer.alloc(8 * mebibyte, "LABELONE") })],
  ])("I2: %s", async (_name, label) => {
    await using rig = await installRig({ diskBytes });
    // Where the grown root will be, where the seed, and the disk as a whole.
    const root = { start: 4 * mebibyte, bytes: diskBytes - 13 * mebibyte };
    const seed = { start: diskBytes - 9 * mebibyte, bytes: 8 * mebibyte };
    const whole = { start: 0, bytes: diskBytes };
    {
      await using disk = await open(rig.disk, "r+");
      for (const part of [root, seed, whole]) {
        const { at, bytes } = label(part.bytes);
        await disk.write(bytes, 0, bytes.length, part.start + at);
      }
    }
    rig.serveBytes(await gptImage(rig.folder));
    expect(await rig.install({ grow: true, userData: Buffer.from("#cloud-config\n") })).toEqual({ kind: "success" });
    expect(await probe(rig.disk, root)).toMatch(/TYPE="ext4"/u);
    expect(await probe(rig.disk, seed)).toMatch(/LABEL="CIDATA"/u);
    expect(await hostProgram("wipefs", "-O", String(root.start), rig.disk).catch(() => "")).not.toMatch(
      /raid|LUKS|LVM/u,
    );
    await using disk = await open(rig.disk, "r");
    for (const { start, end } of [
      { start: root.start + root.bytes - 65_536, end: root.start + root.bytes },
      { start: seed.start + seed.bytes - mebibyte, end: seed.start + seed.bytes },
      { start: seed.start + 16_384, end: seed.start + 16_392 },
    ]) {
      const { buffer } = await disk.read(Buffer.alloc(end - start), 0, end - start, start);
      expect(buffer.includes("LABELONE") || buffer.includes("SKUL") || buffer.includes("Intel Raid")).toBe(false);
    }
  });

  test("I2: nor does the room that cloud-init grows into", async () => {
    await using rig = await installRig({ diskBytes });
    const root = { start: 4 * mebibyte, bytes: diskBytes - 33 * 512 - 4 * mebibyte };
    {
      await using disk = await open(rig.disk, "r+");
      const { at, bytes } = md10(root.bytes / 512);
      await disk.write(bytes, 0, bytes.length, root.start + at);
    }
    expect(await probe(rig.disk, root)).toMatch(/raid/u);
    rig.serveBytes(await gptImage(rig.folder));
    expect(await rig.install()).toEqual({ kind: "success" });
    expect(await probe(rig.disk, root)).not.toMatch(/raid/u);
  });
});

async function probe(disk: string, { start, bytes }: { start: number; bytes: number }): Promise<string> {
  return hostProgram("blkid", "-p", "-O", String(start), "-S", String(bytes), join(disk)).catch(() => "");
}

test("labels are looked for at both ends of an area, and where btrfs keeps copies, within what is not the image's", () => {
  const gibibyte = 2 ** 30;
  expect(labelRanges({ start: 0, end: 300 * gibibyte }, { start: gibibyte, end: 300 * gibibyte })).toEqual([
    { start: 256 * gibibyte, end: 256 * gibibyte + 4096 },
    { start: 300 * gibibyte - 4 * mebibyte, end: 300 * gibibyte },
  ]);
  expect(labelRanges({ start: 10, end: 20 }, { start: 0, end: 15 })).toEqual([
    { start: 10, end: 15 },
    { start: 10, end: 15 },
  ]);
});
