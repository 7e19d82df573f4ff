// Two disks of one machine, installed one after the other: cloud-init must find one seed alone.
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
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
