// Images whose partition tables say more than there is, made by real partitioning tools.
import { randomBytes } from "node:crypto";
import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Phase } from "../../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { gptImage, gptImageMissing } from "../../../../test/support/gpt-image.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { hostProgram, installRig, loopDevices, programsMissing } from "../../../../test/support/install-rig.ts";
import { mbrSignatureFit } from "./mbr.ts";

const mebibyte = 1 << 20;
const missing = [...(await gptImageMissing()), ...(await programsMissing("sfdisk"))];
const why = `missing on this host: ${missing.join(", ")} (Debian: gdisk, e2fsprogs, fdisk)`;
const isoMissing = await programsMissing("xorriso");
const isoWhy = "xorriso is not installed: apt install xorriso";

let rig: InstallRig;
beforeEach(async () => {
  rig = await installRig({ diskBytes: 48 * mebibyte });
});
const loops = await loopDevices();
afterEach(() => vi.unstubAllEnvs());
afterEach(() => rig[Symbol.asyncDispose]());

/** An image of 12 MiB partitioned by sfdisk's script. */
async function mbrImage(script: string): Promise<Buffer> {
  const path = join(rig.folder, "mbr.raw");
  await writeFile(path, randomBytes(12 * mebibyte).fill(0, 0, 4096));
  await writeFile(join(rig.folder, "script"), `label: dos\n${script}`);
  await hostProgram("sh", "-c", `sfdisk -q ${path} < ${join(rig.folder, "script")}`);
  return readFile(path);
}

const uefiMbr = "start=2048, size=4096, type=ef\nstart=8192, size=16000, type=83\n";

/** An ISO as distributions make them: with an MBR, and a GPT where asked for, both of which begin at block 0. */
async function isoImage(...options: string[]): Promise<Buffer> {
  const path = join(rig.folder, "image.iso");
  const [code, tree] = [join(rig.folder, "code"), join(rig.folder, "tree")];
  await writeFile(code, randomBytes(432));
  await hostProgram(
    "sh",
    "-c",
    `mkdir -p ${tree}; echo x > ${tree}/file; dd if=/dev/zero of=${tree}/efi bs=1M count=2`,
  );
  const boot = ["-isohybrid-mbr", code, "-e", "efi", "-no-emul-boot", ...options];
  await hostProgram("xorriso", "-as", "mkisofs", "-quiet", "-o", path, ...boot, tree);
  return readFile(path);
}

describe("an image that was cut short", () => {
  beforeEach((context) => context.skip(missing.length > 0, why));

  test("I5: with a GPT is refused before WRITING where its size is known, and before its beginning is written elsewhere", async () => {
    const whole = await gptImage(rig.folder);
    const cut = whole.subarray(0, 20 * mebibyte);
    const expected = { error: expect.stringMatching(/cut short: it ends at block 40959, partition 1 at 65502/u) };
    rig.serveBytes(cut);
    expect(await rig.install()).toMatchObject(expected);
    expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
    rig.serveBytes(gzipSync(cut, { level: 1 }));
    expect(await rig.install()).toMatchObject(expected);
    expect((await rig.read(0, 4096)).equals(Buffer.alloc(4096))).toBe(true);
    // What lies behind the last partition is the table's copy, which is made anew.
    rig.serveBytes(whole.subarray(0, -33 * 512));
    expect(await rig.install()).toEqual({ kind: "success" });
  });

  test("I5: with an MBR too", async () => {
    const whole = await mbrImage("start=2048, size=4096, type=83\nstart=6144, size=18000, type=83\n");
    rig.serveBytes(whole.subarray(0, 9 * mebibyte));
    expect(await rig.install()).toMatchObject({
      error: expect.stringMatching(/ends at block 18431, partition 2 at 24143.*truncate -s 12361728 FILE/u),
    });
    rig.serveBytes(whole);
    expect(await rig.install()).toEqual({ kind: "success" });
  });

  test("whose first sector promises a GPT that is not there is damaged", async () => {
    const image = await gptImage(rig.folder);
    image.fill(0, 512, 1024);
    rig.serveBytes(image);
    expect(await rig.install()).toMatchObject({
      error: expect.stringMatching(/damaged: its first sector says that a partition table \(GPT\) follows/u),
    });
    expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
  });
});

describe("what firmware needs", () => {
  beforeEach((context) => context.skip(missing.length > 0, why));

  test("I8: an EFI system partition in an MBR counts", async (context) => {
    context.skip(!loops, "loop devices can't be made here: it takes root");
    context.skip(
      (await programsMissing("efibootmgr")).length > 0,
      "efibootmgr is not installed: apt install efibootmgr",
    );
    const image = await mbrImage(uefiMbr);
    // Without a signature firmware could not tell the disk.
    image.fill(0, 440, 444);
    await using uefi = await installRig({ diskBytes: 48 * mebibyte, loop: true });
    const variables = join(uefi.folder, "efivars/");
    await mkdir(variables);
    vi.stubEnv("EFIVARFS_PATH", variables);
    uefi.serveBytes(image);
    expect(await uefi.install({}, { uefi: true })).toEqual({ kind: "success" });
    expect(uefi.phases.at(-1)).toBe(Phase.BOOT_ENTRY);
    expect(await hostProgram("efibootmgr", "-v")).toMatch(/Farrier OS\tHD\(1,MBR,0x[1-9a-f][0-9a-f]*,0x800,0x1000\)/u);
  });

  test("I8: an MBR without a signature gets one, for firmware finds the partition by it", () => {
    const sector = Buffer.alloc(512);
    mbrSignatureFit(sector, 0xabcd_1234);
    mbrSignatureFit(sector, 5);
    expect(sector.readUInt32LE(440)).toBe(0xabcd_1234);
  });

  test("I8: an image without one is refused before WRITING on UEFI", async (context) => {
    context.skip(!loops, "loop devices can't be made here: it takes root");
    await using uefi = await installRig({ diskBytes: 48 * mebibyte, loop: true });
    const image = await mbrImage("start=2048, size=4096, type=83\n");
    for (const bytes of [image, gzipSync(image, { level: 1 })]) {
      uefi.serveBytes(bytes);
      uefi.phases.length = 0;
      expect(await uefi.install({}, { uefi: true })).toMatchObject({
        error: expect.stringMatching(/no EFI system partition.*BIOS/u),
      });
      expect(uefi.phases).toEqual([Phase.SELECTING_DISK]);
    }
    expect(await uefi.install({}, { uefi: false })).toEqual({ kind: "success" });
  });

  test("I8: nor is its beginning written where the first bytes do not show it", async (context) => {
    context.skip(!loops, "loop devices can't be made here: it takes root");
    context.skip((await programsMissing("qemu-img")).length > 0, "qemu-img is not installed: apt install qemu-utils");
    await using uefi = await installRig({ diskBytes: 48 * mebibyte, loop: true });
    const raw = join(rig.folder, "mbr.raw");
    await mbrImage("start=2048, size=4096, type=83\n");
    await hostProgram("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, `${raw}.qcow2`);
    uefi.serveBytes(await readFile(`${raw}.qcow2`));
    expect(await uefi.install({}, { uefi: true })).toMatchObject({
      error: expect.stringMatching(/no EFI system partition.*BIOS/u),
    });
    expect((await uefi.read(0, 4096)).equals(Buffer.alloc(4096))).toBe(true);
  });

  test("the firmware's memory is full: the log says how the disk boots all the same", async (context) => {
    context.skip(!loops, "loop devices can't be made here: it takes root");
    await using uefi = await installRig({ diskBytes: 48 * mebibyte, loop: true });
    const programs = join(uefi.folder, "programs");
    await mkdir(programs);
    const script =
      '#!/bin/sh\n[ $# = 0 ] && echo "BootOrder: 0001" || { echo "No space left on device" >&2; exit 5; }\n';
    await writeFile(join(programs, "efibootmgr"), script, { mode: 0o755 });
    vi.stubEnv("PATH", `${programs}:${process.env["PATH"] ?? ""}`);
    uefi.serveBytes(await mbrImage(uefiMbr));
    expect(await uefi.install({}, { uefi: true })).toEqual({ kind: "success" });
    expect(uefi.logged.count(/takes no new boot entry: the disk is started by the fallback path/u)).toBe(1);
  });
});

describe("an ISO image", () => {
  beforeEach((context) => context.skip(isoMissing.length > 0, isoWhy));

  test.each([[[]], [["-isohybrid-gpt-basdat"]], [["-partition_offset", "16"]]])(
    "is left as it is, whatever its tables look like: %j",
    async (options) => {
      const iso = await isoImage(...options);
      rig.serveBytes(iso);
      expect(await rig.install({ readBack: true })).toEqual({ kind: "success" });
      expect((await rig.read(0, iso.length)).equals(iso)).toBe(true);
      expect(await rig.install({ grow: true })).toMatchObject({
        error: expect.stringMatching(/is an ISO image, which is not changed/u),
      });
    },
  );
});

test("an image file that is as long as its table says, but for zeros that were cut off, can be made whole as told", async (context) => {
  context.skip(missing.length > 0, why);
  const whole = await mbrImage("start=2048, size=18000, type=83\n");
  const path = join(rig.folder, "cut.raw");
  await writeFile(path, whole.subarray(0, 6 * mebibyte));
  rig.serveBytes(await readFile(path));
  const end = await rig.install();
  const bytes = /truncate -s (?<bytes>\d+) FILE/u.exec(end.kind === "error" ? end.error : "")?.groups?.["bytes"];
  await truncate(path, Number(bytes));
  rig.serveBytes(await readFile(path));
  expect(await rig.install()).toEqual({ kind: "success" });
});
