import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { FileTree } from "../../../test/support/file-tree.ts";
import { fileTree } from "../../../test/support/file-tree.ts";
import { diskUse } from "./disk-use.ts";
import { fileDisks, machineDisks } from "./disks.ts";

const mountinfo = [
  "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw",
  "30 22 0:25 / /data rw,relatime - btrfs /dev/sdc1 rw",
  "31 22 0:26 / /tmp rw - tmpfs tmpfs rw",
].join("\n");

const disk = (name: string, number: string, partitions: Record<string, string> = {}): FileTree => ({
  [`sys/block/${name}/dev`]: `${number}\n`,
  [`sys/block/${name}/size`]: "2048\n",
  [`sys/block/${name}/holders`]: null,
  ...Object.fromEntries(Object.entries(partitions).map(([part, of]) => [`sys/block/${name}/${part}/dev`, `${of}\n`])),
});

const machine: FileTree = {
  "proc/self/mountinfo": mountinfo,
  "proc/swaps": "Filename\tType\n/dev/sdd1                               partition\t1\t0\t-2\n",
  ...disk("sda", "8:0", { sda1: "8:1", sda2: "8:2" }),
  ...disk("sdb", "8:16", { sdb1: "8:17" }),
  ...disk("sdc", "8:32", { sdc1: "8:33" }),
  ...disk("sdd", "8:48", { sdd1: "8:49" }),
  ...disk("sde", "8:64", { sde1: "8:65" }),
  "sys/block/sde/sde1/holders/md0": "",
};

describe("a disk in use", () => {
  test.each([
    ["sda", "/dev/sda2 is mounted at /"],
    ["sdb", undefined],
    ["sdc", "/dev/sdc1 is mounted at /data"],
    ["sdd", "/dev/sdd1 is used as swap"],
    ["sde", "/dev/sde1 is held by md0"],
  ])("%s: %s", async (name, expected) => {
    await using tree = await fileTree(machine);
    expect(await diskUse(name, tree.root)).toBe(expected);
  });

  test("in doubt it is an error", async () => {
    await using tree = await fileTree({ ...disk("sda", "8:0") });
    await expect(diskUse("sda", tree.root)).rejects.toThrow(/mountinfo/u);
    await expect(diskUse("sdx", tree.root)).rejects.toThrow(/sdx/u);
  });

  test("the machine's disks say where they are opened and whether they are in use", async () => {
    await using tree = await fileTree(machine);
    const source = machineDisks(tree.root);
    const disks = await source.list();
    expect(disks.map(({ path, kind }) => [path, kind])).toContainEqual([join(tree.root, "dev/sda"), "block"]);
    const [first] = disks;
    expect(first && (await source.use(first, "short"))).toMatch(/mounted at \//u);
  });
});

describe("file-disks", () => {
  test("regular files alone are disks; links, folders and devices are not", async () => {
    await using tree = await fileTree({
      a: "x".repeat(1000),
      b: new Uint8Array(),
      folder: null,
      link: { link: "a" },
      device: { link: "/dev/null" },
    });
    const disks = await fileDisks(tree.root).list();
    expect(disks.map(({ device, kind }) => [device.name, device.serialNumber, device.capacityBytes, kind])).toEqual([
      ["a", "a", 1000n, "file"],
      ["b", "b", 0n, "file"],
    ]);
  });

  test("a folder that is not there is said to be missing", async () => {
    await expect(fileDisks("/nowhere/at/all").list()).rejects.toThrow(
      /\/nowhere\/at\/all, cannot be read: expected a folder/u,
    );
  });
});
