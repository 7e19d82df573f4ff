// Files that are no image, made by their own programs where these are there, and by hand elsewhere.
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test, type TestContext } from "vitest";
import { Phase } from "../../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { Compression, ImageFormat } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { hostProgram, installRig, programsMissing } from "../../../../test/support/install-rig.ts";
import { foreignFormat } from "./foreign-format.ts";
import { fileNameOf, imageLook, imageLookBytes } from "./image-look.ts";

const mebibyte = 1 << 20;
let rig: InstallRig;
beforeAll(async () => {
  rig = await installRig({ diskBytes: 16 * mebibyte });
  await mkdir(join(rig.folder, "files"));
});
afterAll(() => rig[Symbol.asyncDispose]());

/** A file made by a program: `IN` and `OUT` stand for paths. */
async function made(program: string, args: string[]): Promise<Buffer> {
  const [from, to] = [join(rig.folder, "files/in"), join(rig.folder, "files/out")];
  await writeFile(from, Buffer.concat([randomBytes(3000), Buffer.alloc(mebibyte, "disk"), randomBytes(72)]));
  await hostProgram("rm", "-f", to);
  await hostProgram("sh", "-c", `${program} ${args.join(" ").replaceAll("IN", from).replaceAll("OUT", to)}`);
  return readFile(to);
}

describe("what is no image is known by its beginning", () => {
  test.for<[string, string[], RegExp]>([
    ["bzip2", ["-c IN > OUT"], /bzip2.*`bunzip2 -k debian\.img`/u],
    ["bzip2", ["-c < /dev/null > OUT"], /bzip2/u],
    ["lz4", ["-c IN > OUT"], /lz4/u],
    ["lzip", ["-c IN > OUT"], /lzip/u],
    ["lzop", ["-c IN > OUT"], /lzop/u],
    ["compress", ["-c IN > OUT"], /compress/u],
    ["xz", ["--format=lzma -c IN > OUT"], /lzma.*xz --format=lzma -d -k debian\.img/u],
    ["zip", ["-q OUT.zip IN && mv OUT.zip OUT"], /zip archive/u],
    ["7z", ["a OUT.7z IN && mv OUT.7z OUT"], /7-Zip/u],
    ["tar", ["-cf OUT IN"], /tar archive.*tar -xf/u],
    ["tar", ["--format=v7 -cf OUT IN"], /tar archive/u],
    ["cpio", ["-o -H newc > OUT 2>/dev/null <<X\nIN\nX"], /cpio/u],
    ["cpio", ["-o -H bin > OUT 2>/dev/null <<X\nIN\nX"], /cpio/u],
    ["cpio", ["-o -H odc > OUT 2>/dev/null <<X\nIN\nX"], /cpio/u],
    ["ar", ["r OUT IN 2>/dev/null"], /ar archive/u],
    ...["vmdk", "vhdx", "vpc", "vdi", "qed", "parallels"].map((format): [string, string[], RegExp] => [
      "qemu-img",
      [`convert -f raw -O ${format} IN OUT`],
      new RegExp(`qemu-img convert -f ${format} -O qcow2 debian\\.img debian\\.qcow2`, "u"),
    ]),
    ["qemu-img", ["convert -f raw -O vmdk -o subformat=streamOptimized IN OUT"], /VMDK disk/u],
    ["qemu-img", ["create -f vmdk -o subformat=monolithicFlat OUT 1M"], /VMDK descriptor/u],
    ["qemu-img", ["convert -f raw -O qcow IN OUT"], /qemu-img convert -f qcow -O qcow2/u],
  ])("I1: %s %j", async ([program, args, expected], context) => {
    context.skip((await programsMissing(program)).length > 0, `${program} is not installed`);
    const bytes = await made(program, args);
    expect(() => imageLook(ImageFormat.UNSPECIFIED, bytes.subarray(0, imageLookBytes), "debian.img")).toThrow(expected);
    expect(imageLook(ImageFormat.RAW, bytes, "debian.img").kind).toBe("raw");
  });

  test.each<[string, Buffer | string]>([
    ["lz4 .legacy.", "\u0002!L\u0018"],
    ["lrzip", "LRZI\0\u0006"],
    ["RAR", "Rar!\u001a\u0007\u0001\0"],
    ["DMG", "koly\0\0\0\u0004"],
    ["WIM", "MSWIM\0\0\0"],
    ["Android sparse", ":\u00ff&\u00ed\u0001\0\0\0"],
    ["partclone", "partclone-image0002"],
    ["Windows|cabinet", "MSCF\0\0\0\0"],
    ["RPM", "\u00ed\u00ab\u00ee\u00db\u0003"],
    ["xar", "xar!\0\u001c"],
    ["LHA", "\u0020\u0021-lh5-"],
    ["EnCase", "EVF\t\r\n\u00ff\0"],
    ["ELF", "\u007fELF\u0002\u0001\u0001\0"],
    ["XML", '<?xml version="1.0"?>'],
    ["an HTML page", "\n<!DOCTYPE html>\n<title>Sign in</title>"],
    ["an HTML page", "<html lang=en>"],
    ["a script", "#!/bin/sh\nset -e\n"],
    ["a PDF document", "%PDF-1.7\n"],
    ["Git LFS", "version https://git-lfs.github.com/spec/v1\n"],
    ["OpenSSL", "Salted__12345678"],
  ])("I1: %s", (name, begins) => {
    const head = Buffer.concat([Buffer.from(begins.toString(), "latin1"), Buffer.alloc(4096)]);
    expect(foreignFormat(head, "IMAGE")?.name).toMatch(new RegExp(name, "u"));
  });

  test("I1: what is an image is none of them", () => {
    for (let round = 0; round < 200; round += 1) {
      const random = randomBytes(600);
      // Packings with a magic of two bytes are met by one in some ten thousand.
      random[0] = 0xeb;
      expect(foreignFormat(random, "x")).toBeUndefined();
    }
    expect(foreignFormat(Buffer.alloc(4096), "x")).toBeUndefined();
    expect(foreignFormat(Buffer.alloc(0), "x")).toBeUndefined();
  });
});

describe("a request", () => {
  test.each<[string, Buffer, RegExp]>([
    ["packed twice", gzipSync(zstdCompressSync(randomBytes(9000))), /packed with zstd.*unzstd image/u],
    [
      "a tar archive in gzip",
      gzipSync(Buffer.concat([Buffer.alloc(257, "n"), Buffer.from("ustar"), Buffer.alloc(900)])),
      /tar archive/u,
    ],
  ])("I1: for an image that is %s is refused before WRITING", async (_what, bytes, expected) => {
    rig.serveBytes(bytes);
    rig.phases.length = 0;
    expect(await rig.install()).toMatchObject({ error: expect.stringMatching(expected) });
    expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
  });

  test("I1: for bzip2 is refused before WRITING, and written unchanged if raw is requested", async (context) => {
    context.skip((await programsMissing("bzip2")).length > 0, "bzip2 is not installed");
    const bytes = await made("bzip2", ["-c IN > OUT"]);
    rig.serveBytes(bytes);
    rig.phases.length = 0;
    expect(await rig.install()).toMatchObject({
      error: expect.stringMatching(/image is packed with bzip2.*`bunzip2 -k image`.*--format raw/u),
    });
    expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
    expect(await rig.install({ format: ImageFormat.RAW })).toEqual({ kind: "success" });
    expect((await rig.read(0, bytes.length)).equals(bytes)).toBe(true);
  });

  describe("I1: for a container that says what it is at its end alone", () => {
    const before = Buffer.alloc(16 * mebibyte, "what was on the disk ");
    let fresh: InstallRig;
    beforeEach(async () => {
      fresh = await installRig({ diskBytes: before.length });
      await writeFile(fresh.disk, before);
      return () => fresh[Symbol.asyncDispose]();
    });
    const fixedVhd = (): Promise<Buffer> =>
      made("qemu-img", ["convert -f raw -O vpc -o subformat=fixed,force_size=on IN OUT"]);
    const qemuImg = async (context: TestContext): Promise<void> =>
      context.skip((await programsMissing("qemu-img")).length > 0, "qemu-img is not installed: apt install qemu-utils");
    const ending = (...end: [string, number]): Buffer => {
      const bytes = randomBytes(2 * mebibyte).fill(0, 0, 4096);
      bytes.write(end[0], bytes.length - end[1], "latin1");
      return bytes;
    };

    test("a fixed VHD is refused before WRITING, with the disk as it was", async (context) => {
      await qemuImg(context);
      fresh.serveBytes(await fixedVhd(), { ranges: true });
      expect(await fresh.install()).toMatchObject({
        error: expect.stringMatching(/image is a VHD disk.*`qemu-img convert -f vpc -O qcow2 image image\.qcow2`/u),
      });
      expect(fresh.phases).toEqual([Phase.SELECTING_DISK]);
      expect((await fresh.read(0, before.length)).equals(before)).toBe(true);
      expect(await fresh.install({ format: ImageFormat.RAW })).toEqual({ kind: "success" });
    });

    test.each<[string, RegExp, Buffer]>([
      ["a VHD by Virtual PC", /a VHD disk/u, ending("conectix", 511)],
      ["a DMG", /Apple disk image \(DMG\).*qemu-img convert -f dmg/u, ending("koly\0\0\0\u0004", 512)],
      ["an encrypted DMG", /an encrypted Apple disk image/u, ending("cdsaencr", 8)],
      ["a Nero CD image", /a Nero CD image/u, ending("NER5", 12)],
    ])("%s too", async (_what, expected, bytes) => {
      fresh.serveBytes(bytes, { ranges: true });
      expect(await fresh.install()).toMatchObject({ error: expect.stringMatching(expected) });
      expect(fresh.phases).toEqual([Phase.SELECTING_DISK]);
      expect((await fresh.read(0, before.length)).equals(before)).toBe(true);
    });

    test("an image so short that all of it comes at once is refused before WRITING, packed or not", async () => {
      const short = ending("conectix", 512).subarray(-(32 << 10));
      for (const bytes of [short, gzipSync(short)]) {
        fresh.serveBytes(bytes);
        expect(await fresh.install()).toMatchObject({ error: expect.stringMatching(/a VHD disk/u) });
        expect(fresh.phases).toEqual([Phase.SELECTING_DISK]);
      }
    });

    test("where the server gives no parts, or the file is packed, the log says so and the error that the disk was written", async (context) => {
      await qemuImg(context);
      const vhd = await fixedVhd();
      for (const [bytes, why] of [
        [vhd, /can't be looked at before it is written \(the server answered 200/u],
        [gzipSync(vhd), /can't be looked at before it is written \(it is packed\)/u],
      ] as const) {
        fresh.serveBytes(bytes, { ranges: bytes !== vhd });
        expect(await fresh.install()).toMatchObject({
          error: expect.stringMatching(
            /image is a VHD disk.*only its end shows this, so the disk has been written already/u,
          ),
        });
        expect(fresh.logged.count(why)).toBe(1);
        expect((await fresh.read(0, 4096)).equals(vhd.subarray(0, 4096))).toBe(false);
      }
    });

    test("a server that answers one request at a time is waited for no longer than a moment", async () => {
      const bytes = randomBytes(2 * mebibyte).fill(0, 0, 4096);
      fresh.serveBytes(bytes, { ranges: true });
      const { serve } = fresh;
      fresh.serve = (request, response) => (request.headers.range === undefined ? serve(request, response) : undefined);
      expect(await fresh.install()).toEqual({ kind: "success" });
      expect(fresh.logged.count(/\(the server did not answer a range request within 1 s\)/u)).toBe(1);
    });
  });

  test("I1: for something without boot sector, table or file system: the log says so", async () => {
    rig.serveBytes(randomBytes(mebibyte).fill(0x20, 0, 8));
    expect(await rig.install({ compression: Compression.NONE })).toEqual({ kind: "success" });
    expect(rig.logged.count(/neither a boot sector \(55 aa\).*likely not to boot/u)).toBe(1);
  });

  test("for qcow2 that is something else says how it begins", () => {
    const look = (bytes: Buffer): unknown => imageLook(ImageFormat.QCOW2, bytes, "x.img");
    expect(() => look(Buffer.concat([Buffer.from("eb639010"), Buffer.alloc(600)]))).toThrow(
      /is not a qcow2 image: it begins with 65 62 36 33 39 30 31 30, expected 51 46 49 fb/u,
    );
    expect(() => look(Buffer.from("KDMV\u0001\0\0\0", "latin1"))).toThrow(/a VMDK disk.*qemu-img convert/u);
  });
});

test.each([
  ["http://host/a/debian.raw.zst", true, "debian.raw"],
  ["http://host/debian.vmdk?…", false, "debian.vmdk"],
  ["http://host/a%20b.img", false, "IMAGE"],
  ["http://host/", false, "IMAGE"],
  ["http://host/-rf", false, "IMAGE"],
  ["oci://host/repo@sha256:ab", false, "IMAGE"],
])("the file name of %s", (address, unpacked, expected) => {
  expect(fileNameOf(address, unpacked)).toBe(expected);
});
