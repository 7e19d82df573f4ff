// Files that stand for disks: a file in use is never written, and a file that disappears meanwhile is noticed.
import { randomBytes } from "node:crypto";
import { rename, stat, truncate, unlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { InstallRig } from "../../../test/support/install-rig.ts";
import { hostProgram, installRig, loopDevices } from "../../../test/support/install-rig.ts";
import { fileTree } from "../../../test/support/file-tree.ts";
import { fileDisks } from "./disks.ts";
import type { DiskSource } from "./disks.ts";
import { fileUse } from "./file-use.ts";

const mebibyte = 1 << 20;
const image = randomBytes(6 * mebibyte).fill(0, 0, 16);
let rig: InstallRig;
beforeEach(async () => {
  rig = await installRig({ diskBytes: 12 * mebibyte });
  rig.serveBytes(image);
});
afterEach(() => rig[Symbol.asyncDispose]());

test("X10: a disk file with a loop device on it is in use, and is not written", async (context) => {
  context.skip(!(await loopDevices()), "loop devices can't be made here: it takes root");
  const loop = (await hostProgram("losetup", "--find", "--show", rig.disk)).trim();
  try {
    expect(await rig.install()).toMatchObject({
      error: expect.stringMatching(/disk0 is in use: the loop device \/dev\/loop\d+ is on it; a disk in use is never/u),
    });
    expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
  } finally {
    await hostProgram("losetup", "--detach", loop);
  }
  expect(await rig.install()).toEqual({ kind: "success" });
});

describe("X10: noticed while it is written, a disk file that is", () => {
  test.each<[string, (path: string) => Promise<void>, RegExp]>([
    ["removed", (path) => unlink(path), /was removed or replaced while it was written/u],
    ["moved away", (path) => rename(path, `${path}.old`), /was removed or replaced while it was written/u],
    [
      "replaced",
      async (path) => {
        await rename(path, `${path}.old`);
        await writeFile(path, "");
        await truncate(path, 12 * mebibyte);
      },
      /was removed or replaced while it was written/u,
    ],
    ["cut", (path) => truncate(path, mebibyte), /has \d+ bytes, and had 12582912 while it was written/u],
  ])("%s", async (_what, change, expected) => {
    const disks = fileDisks(rig.folder);
    let looks = 0;
    // The second look at the disks is for older seeds, when all but the image's beginning is written.
    const list: DiskSource["list"] = async () => {
      looks += 1;
      if (looks === 2) {
        await change(rig.disk);
      }
      return disks.list();
    };
    const end = await rig.install({}, { disks: { ...disks, list } });
    expect(looks).toBe(2);
    expect(end).toMatchObject({ error: expect.stringMatching(expected) });
  });
});

test("X10: swap and locks are use too", async () => {
  const { dev, ino } = await stat(rig.disk, { bigint: true });
  const [major, minor] = [Number((dev >> 8n) & 0xfffn), Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n))];
  const hex = (number: number): string => number.toString(16).padStart(2, "0");
  const lock = `1: OFDLCK ADVISORY  READ -1 ${hex(major)}:${hex(minor)}:${ino} 100 101\n`;
  await using locked = await fileTree({ "proc/locks": lock });
  await using swap = await fileTree({ "proc/swaps": `Filename\tType\n${rig.disk} file 1 0 -2\n` });
  await using none = await fileTree({ "proc/locks": lock.replace(String(ino), `${ino}1`) });
  expect(await fileUse(rig.disk, locked.root)).toMatch(/a program holds a lock/u);
  expect(await fileUse(rig.disk, swap.root)).toMatch(/used as swap/u);
  expect(await fileUse(rig.disk, none.root)).toBeUndefined();
});
