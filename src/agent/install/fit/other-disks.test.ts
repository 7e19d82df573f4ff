// Two disks of one machine, installed one after the other: cloud-init must find one seed alone.
import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, test } from "vitest";
import { DiskSelectorSchema } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { gptImage, gptImageMissing } from "../../../../test/support/gpt-image.ts";
import { hostProgram, installRig, programsMissing } from "../../../../test/support/install-rig.ts";
import { systemClock } from "../../../lib/clock.ts";
import { fileDisks } from "../../disk/disks.ts";
import { hardwareReport } from "../../hardware/report.ts";
import { equalDiskWarnings } from "./equal-disks.ts";

const mebibyte = 1 << 20;
const diskBytes = 64 * mebibyte;
const missing = [...(await gptImageMissing()), ...(await programsMissing("blkid"))];

test("I3: an older seed on another free disk loses its label, and equal ids are said", async (context) => {
  context.skip(missing.length > 0, `missing on this host: ${missing.join(", ")}`);
  await using rig = await installRig({ diskBytes: mebibyte });
  const folder = join(rig.folder, "disks");
  await mkdir(folder);
  const paths = ["disk0", "disk1", "other"].map((name) => join(folder, name));
  for (const path of paths) {
    await writeFile(path, "");
    await truncate(path, diskBytes);
  }
  rig.serveBytes(await gptImage(rig.folder));
  const disks = fileDisks(folder);
  const install = (serialNumber: string, userData: string): ReturnType<typeof rig.install> =>
    rig.install({ rootDisk: create(DiskSelectorSchema, { serialNumber }), userData: Buffer.from(userData) }, { disks });
  const label = (path: string): Promise<string> => {
    const seed = ["-O", String(diskBytes - 9 * mebibyte), "-S", String(8 * mebibyte)];
    return hostProgram("blkid", "-p", ...seed, path).catch(() => "");
  };
  const [first = "", second = ""] = paths;
  expect(await install("disk0", "#cloud-config\n{a: 1}\n")).toEqual({ kind: "success" });
  expect(await label(first)).toMatch(/LABEL="CIDATA"/u);
  // Somebody else's seed is not touched.
  const other = await hostProgram("mkfs.vfat", "-n", "CIDATA", paths[2] ?? "").then(
    () => true,
    () => false,
  );
  expect(await install("disk1", "#cloud-config\n{a: 2}\n")).toEqual({ kind: "success" });
  expect(await label(second)).toMatch(/LABEL="CIDATA"/u);
  expect(await label(first)).toMatch(/TYPE="vfat"/u);
  expect(await label(first)).not.toMatch(/CIDATA/u);
  expect(
    rig.logged.count(
      /older seed for cloud-init on disk disk0, partition 2, lost its label|partition \d+, lost its label/u,
    ),
  ).toBe(1);
  expect(rig.logged.count(/disks disk1 and disk0 have the same id/u)).toBe(1);
  const said = expect.stringMatching(
    /^disks disk0 and disk1 have the same id, .*: a system that looks for its root by UUID/u,
  );
  expect(await equalDiskWarnings(disks, systemClock)).toEqual([said]);
  const { warning } = await hardwareReport({ root: rig.folder, warnings: () => equalDiskWarnings(disks, systemClock) });
  expect(warning).toContainEqual(said);
  // Disks that are all in use belong together, as those of a mirror do; one disk by two paths is one.
  const inUse = { ...disks, use: () => Promise.resolve("/dev/md0 holds it") };
  expect(await equalDiskWarnings(inUse, systemClock)).toEqual([]);
  const twoPaths = async () =>
    (await disks.list()).map((disk) => ({ ...disk, device: { ...disk.device, serialNumber: "S" } }));
  expect(await equalDiskWarnings({ ...disks, list: twoPaths }, systemClock)).toEqual([]);
  if (other) {
    expect(await hostProgram("blkid", "-p", paths[2] ?? "")).toMatch(/LABEL="CIDATA"/u);
  }
});

test("I3: equal ids of MBR disks are said too, and a table without an id is like no other", async () => {
  await using rig = await installRig({ diskBytes: mebibyte });
  const folder = join(rig.folder, "disks");
  await mkdir(folder);
  const master = (id: number): Buffer => {
    const block = Buffer.alloc(4096);
    block.writeUInt32LE(id, 440);
    block[450] = 0x83;
    block.writeUInt32LE(1, 454);
    block.writeUInt32LE(6, 458);
    block.writeUInt16BE(0x55aa, 510);
    return block;
  };
  for (const [index, id] of [7, 8, 7, 0, 0].entries()) {
    await writeFile(join(folder, `disk${index}`), master(id));
  }
  expect(await equalDiskWarnings(fileDisks(folder), systemClock)).toEqual([
    expect.stringMatching(/^disks disk0 and disk2 have the same id/u),
  ]);
});

describe("I3: file systems with the same UUID on two disks are said, whatever their tables", () => {
  const uuid = "0b9a3f4e-6b1c-4b55-9d0e-5a5d5c1f7e21";
  const ext = async (path: string, start: number, bytes: number): Promise<void> => {
    const made = ["-q", "-F", "-t", "ext4", "-U", uuid, "-E", `offset=${start}`, path, `${bytes >> 10}k`];
    await hostProgram("mke2fs", ...made);
  };
  const partitioned = async (path: string, script: string): Promise<void> => {
    await hostProgram("sh", "-c", `printf '${script}' | sfdisk -q ${path}`);
  };
  // The same file system in a GPT, in an MBR's second logical partition, and on a whole disk.
  const layouts: Record<string, (path: string) => Promise<void>> = {
    gpt: async (path) => {
      await partitioned(path, "label: gpt\\nstart=2048, size=16384\\nstart=20480, size=40960\\n");
      await ext(path, 20_480 * 512, 16 * mebibyte);
    },
    logical: async (path) => {
      const logical = "start=22528, size=16384\\nstart=43008, size=61440\\n";
      await partitioned(path, `label: dos\\nstart=2048, size=16384, type=83\\nstart=20480, type=5\\n${logical}`);
      await ext(path, 43_008 * 512, 16 * mebibyte);
    },
    whole: (path) => ext(path, 0, 32 * mebibyte),
  };
  beforeEach(async (context) => {
    const lacking = await programsMissing("sfdisk", "mke2fs");
    context.skip(lacking.length > 0, `missing on this host: ${lacking.join(", ")}`);
  });

  test.each([
    ["gpt", "gpt"],
    ["gpt", "logical"],
    ["logical", "whole"],
    ["whole", "whole"],
  ])("%s and %s", async (one, other) => {
    await using rig = await installRig({ diskBytes: mebibyte });
    const folder = join(rig.folder, "disks");
    await mkdir(folder);
    for (const [index, layout] of [one, other].entries()) {
      const path = join(folder, `disk${index}`);
      await writeFile(path, "");
      await truncate(path, diskBytes);
      await layouts[layout]?.(path);
    }
    expect(await equalDiskWarnings(fileDisks(folder), systemClock)).toEqual([
      expect.stringMatching(
        new RegExp(`^disks disk0 and disk1 have file systems with the same UUID \\(ext ${uuid}\\), as after`, "u"),
      ),
    ]);
  });

  test("an installation says it of the disk that it wrote, whose beginning is held back until the end", async () => {
    await using rig = await installRig({ diskBytes: mebibyte });
    const folder = join(rig.folder, "disks");
    await mkdir(folder);
    const [image, disk0, disk1] = ["image", "disks/disk0", "disks/disk1"].map((name) => join(rig.folder, name));
    for (const path of [image, disk0, disk1]) {
      await writeFile(path ?? "", "");
      await truncate(path ?? "", diskBytes);
    }
    await partitioned(image ?? "", "label: gpt\\nstart=2048, size=61440\\n");
    await ext(image ?? "", mebibyte, 16 * mebibyte);
    await layouts["whole"]?.(disk1 ?? "");
    rig.serveBytes(await readFile(image ?? ""));
    const rootDisk = create(DiskSelectorSchema, { serialNumber: "disk0" });
    expect(await rig.install({ rootDisk }, { disks: fileDisks(folder) })).toEqual({ kind: "success" });
    expect(rig.logged.count(/disks disk0 and disk1 have file systems with the same UUID \(ext 0b9a3f4e-/u)).toBe(1);
  });
});
