// Two disks of one machine, installed one after the other: cloud-init must find one seed alone.
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { DiskSelectorSchema } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { gptImage, gptImageMissing } from "../../../../test/support/gpt-image.ts";
import { hostProgram, installRig, programsMissing } from "../../../../test/support/install-rig.ts";
import { fileDisks } from "../../disk/disks.ts";

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
  if (other) {
    expect(await hostProgram("blkid", "-p", paths[2] ?? "")).toMatch(/LABEL="CIDATA"/u);
  }
});
