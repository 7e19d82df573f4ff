// Images whose EFI system partition has a loader, or not what this machine's firmware starts.
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { efiProgram, espImage, espImagePrograms, fatFiles } from "../../../../test/support/esp-image.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { hostProgram, installRig, loopDevices, programsMissing } from "../../../../test/support/install-rig.ts";

const missing = await programsMissing(...espImagePrograms, "efibootmgr");
const loops = await loopDevices();
// This host's words, as in file names.
const [own, other] = process.arch === "arm64" ? ["aa64", "x64"] : ["x64", "aa64"];

let rig: InstallRig;
beforeEach(async (context) => {
  context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")} (Debian: dosfstools, mtools, fdisk)`);
  context.skip(!loops, "loop devices can't be made here: it takes root");
  rig = await installRig({ diskBytes: 24 << 20, loop: true });
  const variables = join(rig.folder, "efivars/");
  await mkdir(variables);
  vi.stubEnv("EFIVARFS_PATH", variables);
  return () => rig[Symbol.asyncDispose]();
});
afterEach(() => vi.unstubAllEnvs());

async function install(...paths: string[]): ReturnType<InstallRig["install"]> {
  const files = Object.fromEntries(paths.map((path) => [path, "MZ"]));
  rig.serveBytes(await espImage(rig.folder, await fatFiles(rig.folder, 8 << 20, files)));
  return rig.install({}, { uefi: true });
}

const entry = async (): Promise<string> =>
  /Farrier OS\t.*(?<path>\\EFI\\.*)/u.exec(await hostProgram("efibootmgr", "-v"))?.groups?.["path"]?.toLowerCase() ??
  "";

test("I8: a loader at the fallback path is what the boot entry names", async () => {
  expect(await install(`EFI/debian/shim${own}.efi`, `efi/boot/boot${own}.efi`)).toEqual({ kind: "success" });
  expect(await entry()).toContain(`\\efi\\boot\\boot${own}.efi`);
  expect(rig.logged.count(/the image has no|whether the firmware/u)).toBe(0);
});

describe("I8: without one, a boot entry leads to the image's loader, and the log says what that means", () => {
  test.each([
    [
      "Debian's, the one for Secure Boot first",
      [`EFI/debian/grub${own}.efi`, `EFI/debian/shim${own}.efi`],
      `debian\\shim${own}.efi`,
    ],
    ["systemd's", [`EFI/systemd/systemd-boot${own}.efi`], `systemd\\systemd-boot${own}.efi`],
    [
      "Windows'",
      ["EFI/Microsoft/Boot/bootmgfw.efi", "EFI/Microsoft/Boot/memtest.efi"],
      "microsoft\\boot\\bootmgfw.efi",
    ],
    ["the only program", ["EFI/Linux/a-kernel-6.12.efi", `EFI/debian/mm${own}.efi`], "linux\\a-kernel-6.12.efi"],
  ])("%s", async (_whose, paths, expected) => {
    expect(await install(...paths)).toEqual({ kind: "success" });
    expect(await entry()).toContain(expected);
    expect(rig.logged.count(/the image has no \\EFI\\BOOT\\.*started by a boot entry for .* alone/u)).toBe(1);
  });
});

describe("I8: an image that the firmware could not start is refused, with its beginning not written", () => {
  test.each<[string, string[], RegExp]>([
    ["no program", ["EFI/BOOT/readme.txt"], /has no \\EFI\\BOOT\\BOOT.*: it has no EFI program at all; this machine/u],
    ["a program outside of EFI", [`shim${own}.efi`], /it has no EFI program at all/u],
    [
      "another architecture's",
      [`EFI/BOOT/BOOT${other}.EFI`],
      /it has \\EFI\\BOOT\\BOOT(?:aa|x)64\.EFI; this machine/iu,
    ],
    [
      "two unknown ones",
      ["EFI/a/one.efi", "EFI/b/two.efi"],
      /it has \\EFI\\a\\one\.efi, \\EFI\\b\\two\.efi; this machine/u,
    ],
  ])("%s", async (_what, paths, expected) => {
    expect(await install(...paths)).toMatchObject({ kind: "error", error: expect.stringMatching(expected) });
    expect((await rig.read(0, 4096)).equals(Buffer.alloc(4096))).toBe(true);
  });

  test("an empty file where the loader belongs is none", async () => {
    const esp = await fatFiles(rig.folder, 8 << 20, { [`EFI/BOOT/BOOT${own}.EFI`]: "" });
    rig.serveBytes(await espImage(rig.folder, esp));
    expect(await rig.install({}, { uefi: true })).toMatchObject({ error: expect.stringMatching(/no EFI program/u) });
  });
});

test("I8: an EFI system partition that is not FAT is said: what firmware makes of it is not known", async () => {
  rig.serveBytes(await espImage(rig.folder, randomBytes(64 << 10)));
  expect(await rig.install({}, { uefi: true })).toEqual({ kind: "success" });
  expect(rig.logged.count(/whether the firmware can start the image is not known: .*no FAT file system/u)).toBe(1);
});

test("I8: firmware that takes no entry for a loader elsewhere is an error, for nothing else leads to it", async () => {
  const programs = join(rig.folder, "programs");
  await mkdir(programs);
  const script = '#!/bin/sh\n[ $# = 0 ] && echo "BootOrder: 0001" || { echo "No space left on device" >&2; exit 5; }\n';
  await writeFile(join(programs, "efibootmgr"), script, { mode: 0o755 });
  vi.stubEnv("PATH", `${programs}:${process.env["PATH"] ?? ""}`);
  expect(await install(`EFI/debian/grub${own}.efi`)).toMatchObject({
    error: expect.stringMatching(/takes no new boot entry .*does not find the image's loader \\EFI\\debian\\grub/u),
  });
  expect(await install(`EFI/BOOT/BOOT${own}.EFI`)).toEqual({ kind: "success" });
});

describe("a loader without a signature is warned about where Secure Boot is on", () => {
  test.each<[secureBoot: number | undefined, isSigned: boolean, warnings: number]>([
    [1, false, 1],
    [1, true, 0],
    [0, false, 0],
    [undefined, false, 0],
  ])("Secure Boot %s, signed %s", async (secureBoot, isSigned, warnings) => {
    if (secureBoot !== undefined) {
      const name = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
      await writeFile(join(rig.folder, "efivars", name), Buffer.from([6, 0, 0, 0, secureBoot]));
    }
    const files = { [`EFI/BOOT/BOOT${own}.EFI`]: efiProgram({ isSigned }) };
    rig.serveBytes(await espImage(rig.folder, await fatFiles(rig.folder, 8 << 20, files)));
    expect(await rig.install({}, { uefi: true })).toEqual({ kind: "success" });
    expect(rig.logged.count(/Secure Boot is on, and the image's loader/u)).toBe(warnings);
  });
});
