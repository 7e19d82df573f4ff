// What goes wrong with disks, and what is called off: each ends with an error that says what to do, and the next attempt
// succeeds. Images, servers and signatures that are bad are in the other files here and in ../run.test.ts.
import { randomBytes } from "node:crypto";
import { mkdir, realpath, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test, vi } from "vitest";
import { BlockDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { Phase, ReportProgressResponseSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { DiskSelectorSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { fileTree } from "../../../test/support/file-tree.ts";
import { gptImage, gptImageMissing } from "../../../test/support/gpt-image.ts";
import { hostProgram, installRig, loopDevices } from "../../../test/support/install-rig.ts";
import type { DiskSource } from "../disk/disks.ts";
import { machineDisks } from "../disk/disks.ts";

const mebibyte = 1 << 20;
const image = randomBytes(9 * mebibyte);
const loops = await loopDevices();

describe("a disk that fails while it is written", () => {
  test("because what is behind it is full: said with the place, and the next attempt succeeds", async (context) => {
    context.skip(!loops, "loop devices can't be made here: it takes root");
    await using rig = await installRig({ diskBytes: mebibyte });
    const small = join(rig.folder, "full");
    await mkdir(small);
    const mounted = await hostProgram("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", small).then(
      () => true,
      () => false,
    );
    context.skip(!mounted, "no tmpfs can be mounted here");
    try {
      const file = join(small, "disk0");
      await writeFile(file, "");
      await truncate(file, 24 * mebibyte);
      {
        await using failing = await installRig({ diskBytes: 24 * mebibyte, loop: true, diskFile: file });
        failing.serveBytes(image);
        expect(await failing.install()).toMatchObject({
          error: expect.stringMatching(
            /(?:writing \d+ bytes at \d+ to|medium \(fsync\) of) \/dev\/loop\d+ failed: look at its cables/u,
          ),
        });
        await hostProgram("mount", "-o", "remount,size=60m", small);
        expect(await failing.install()).toEqual({ kind: "success" });
        expect((await failing.read(0, image.length)).equals(image)).toBe(true);
      }
    } finally {
      await hostProgram("umount", small);
    }
  });

  test("because the device mapper says so", async (context) => {
    const there = await hostProgram("dmsetup", "targets").then(
      (targets) => targets.includes("error"),
      () => false,
    );
    context.skip(
      !loops || !there,
      "the device mapper with its target error is not there: it takes root and the kernel's dm module",
    );
    await using rig = await installRig({ diskBytes: 24 * mebibyte, loop: true });
    const name = `farrier-test-${process.pid}`;
    const sectors = (24 * mebibyte) / 512;
    const half = sectors / 4;
    const table = `0 ${half} linear ${rig.disk} 0\n${half} ${sectors - half} error`;
    await hostProgram("bash", "-c", `printf '${table}\\n' | dmsetup create ${name}`);
    try {
      await using failing = await installRig({ diskBytes: 24 * mebibyte });
      failing.serveBytes(image);
      const device = create(BlockDeviceSchema, { name, serialNumber: "disk0", capacityBytes: BigInt(24 * mebibyte) });
      const disks: DiskSource = {
        list: async () => [{ device, path: await realpath(`/dev/mapper/${name}`), kind: "block" }],
        use: () => Promise.resolve(undefined),
      };
      expect(await failing.install({}, { disks })).toMatchObject({
        error: expect.stringMatching(/failed: look at its cables/u),
      });
    } finally {
      await hostProgram("dmsetup", "remove", name);
    }
  });
});

test("the boot medium, and whatever else is mounted, is never written, however exactly it is selected", async () => {
  await using tree = await fileTree({
    "proc/self/mountinfo": "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw",
    "proc/swaps": "Filename\tType\n",
    "sys/block/sda/dev": "8:0\n",
    "sys/block/sda/size": "40960\n",
    "sys/block/sda/holders": null,
    "sys/block/sda/serial": "S1\n",
    "sys/block/sda/sda2/dev": "8:2\n",
    "dev/sda": "the running system",
  });
  await using rig = await installRig({ diskBytes: 12 * mebibyte });
  rig.serveBytes(image);
  const end = await rig.install(
    { rootDisk: create(DiskSelectorSchema, { serialNumber: "S1", name: "sda" }) },
    { disks: machineDisks(tree.root) },
  );
  expect(end).toMatchObject({
    error: expect.stringMatching(/disk sda is in use: \/dev\/sda2 is mounted at \/; a disk in use is never/u),
  });
  expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
  expect(await rig.install()).toEqual({ kind: "success" });
});

test("a partition table that is damaged is an error, and leaves nothing that could boot", async (context) => {
  context.skip((await gptImageMissing()).length > 0, "sgdisk or mke2fs are not installed: apt install gdisk e2fsprogs");
  await using rig = await installRig({ diskBytes: 48 * mebibyte });
  const good = await gptImage(rig.folder);
  const bad = Buffer.from(good);
  bad[512 + 56] = (bad[512 + 56] ?? 0) ^ 1;
  rig.serveBytes(bad);
  expect(await rig.install()).toMatchObject({ error: expect.stringMatching(/GPT\) is damaged.*sgdisk -v/u) });
  expect((await rig.read(0, 4096)).equals(Buffer.alloc(4096))).toBe(true);
  rig.serveBytes(good);
  expect(await rig.install()).toEqual({ kind: "success" });
});

describe("called off in any phase, it ends, and nothing is written any more", () => {
  const { SELECTING_DISK, WRITING, VERIFYING, CONFIGURING } = Phase;
  test.each([SELECTING_DISK, WRITING, VERIFYING, CONFIGURING])("phase %i", async (phase) => {
    await using rig = await installRig({ diskBytes: 24 * mebibyte });
    rig.serveBytes(zstdCompressSync(image));
    const controller = new AbortController();
    rig.onProgress = (message) => {
      if (message.phase === phase) {
        controller.abort(new Error("called off"));
      }
      return Promise.resolve({ kind: "ok", response: create(ReportProgressResponseSchema) });
    };
    expect(await rig.install({ readBack: true }, { signal: controller.signal })).toMatchObject({ kind: "dropped" });
    const [after, bootable] = [
      await rig.read(0, 24 * mebibyte),
      (await rig.read(0, 4096)).equals(image.subarray(0, 4096)),
    ];
    expect(bootable).toBe(false);
    await vi.waitFor(async () => expect((await rig.read(0, 24 * mebibyte)).equals(after)).toBe(true));
  });

  test("while a file system is grown: its program is gone", async (context) => {
    context.skip(
      (await gptImageMissing()).length > 0,
      "sgdisk or mke2fs are not installed: apt install gdisk e2fsprogs",
    );
    await using rig = await installRig({ diskBytes: 96 * mebibyte });
    rig.serveBytes(await gptImage(rig.folder));
    const controller = new AbortController();
    rig.onProgress = (message) => {
      if (message.phase === CONFIGURING) {
        setImmediate(() => controller.abort(new Error("called off")));
      }
      return Promise.resolve({ kind: "ok", response: create(ReportProgressResponseSchema) });
    };
    expect(await rig.install({ grow: true }, { signal: controller.signal })).toMatchObject({ kind: "dropped" });
    expect(await hostProgram("pgrep", "-P", String(process.pid), "resize2fs").catch(() => "none")).toBe("none");
  });
});
