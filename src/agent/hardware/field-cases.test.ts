// What real machines show and others did not: small trees, each of one kind.
import { describe, expect, test } from "vitest";
import { BlockDevice_Protocol, type Node } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { fileTree, type FileTree } from "../../../test/support/file-tree.ts";
import { hardwareReport } from "./report.ts";
import { madeMemoryDevice, smbiosFiles } from "./testing/smbios-tables.ts";
import type { RunTool } from "./tool.ts";

async function reported(files: FileTree, run?: RunTool): Promise<{ node: Node | undefined; warnings: string[] }> {
  await using tree = await fileTree(files);
  const { report, warning } = await hardwareReport({ root: tree.root, ...(run === undefined ? {} : { run }) });
  return { node: report, warnings: warning };
}

const gibibyte = 1n << 30n;
const memTotal = (gibibytes: number): FileTree => ({ "proc/meminfo": `MemTotal: ${gibibytes << 20} kB\n` });

describe("memory", () => {
  const optane = madeMemoryDevice(0x7fff, 128 * 1024, {
    bytes: { 0x0e: [9], 0x12: [0x1f], 0x28: [7] },
    quads: { 0x34: 128n << 30n, 0x3c: 0n },
    text: { 0x10: "P1" },
  });
  const dram = madeMemoryDevice(0x7fff, 32 * 1024, {
    bytes: { 0x12: [0x1a], 0x28: [3] },
    quads: { 0x3c: 32n << 30n },
    text: { 0x10: "A1" },
  });

  test("H3: persistent memory is no main memory, and is shown as what it is", async () => {
    const { node, warnings } = await reported({ ...smbiosFiles([dram, optane]), ...memTotal(31) });
    expect(node).toMatchObject({ memoryInstalledBytes: 32n * gibibyte, memoryPersistentBytes: 128n * gibibyte });
    expect(node?.memoryDevice).toMatchObject([
      { locator: "A1", technology: "", persistentBytes: 0n },
      {
        locator: "P1",
        sizeBytes: 128n * gibibyte,
        persistentBytes: 128n * gibibyte,
        technology: "Optane persistent memory",
      },
    ]);
    expect(warnings.filter((text) => text.includes("memory"))).toEqual([]);
  });

  test.each([
    ["a module that is partly main memory", { 0x28: [7] }, 96n, {}, 96n],
    ["one whose parts the firmware does not know", { 0x28: [7] }, (1n << 34n) - 1n, {}, 0n],
    ["NVDIMM-N", { 0x28: [4] }, 0n, {}, 0n],
    ["module that only its details call non-volatile", { 0x28: [2] }, 0n, { 0x13: 1 << 12 }, 0n],
  ])("H3: %s", async (_what, bytes, volatileGibibytes, words, main) => {
    const module = madeMemoryDevice(0x7fff, 128 * 1024, {
      bytes,
      words,
      quads: { 0x3c: volatileGibibytes === (1n << 34n) - 1n ? (1n << 64n) - 1n : volatileGibibytes << 30n },
    });
    const { node } = await reported({ ...smbiosFiles([dram, module]), ...memTotal(31) });
    expect(node?.memoryInstalledBytes).toBe((32n + main) * gibibyte);
    expect(node?.memoryPersistentBytes).toBe((128n - main) * gibibyte);
  });

  test.each([
    ["0xFFFF", madeMemoryDevice(0xffff, 0, { text: { 0x10: "B1" } })],
    ["an extended size of 0", madeMemoryDevice(0x7fff, 0, { text: { 0x10: "B1" } })],
  ])("H4: a module whose size is %s is unknown, not absent", async (_what, module) => {
    const { node, warnings } = await reported({ ...smbiosFiles([dram, module]), ...memTotal(62) });
    expect(node?.memoryInstalledBytes).toBe(62n * gibibyte);
    expect(node?.memoryUsableRatio).toBe(1);
    expect(node?.memoryDevice[1]).toMatchObject({ locator: "B1", sizeBytes: 0n, sizeUnknown: true });
    expect(warnings).toContainEqual(expect.stringMatching(/does not know the size of a memory module/u));
  });

  test("H4: tables that name less than the kernel has are not believed, and that is said", async () => {
    const { node, warnings } = await reported({ ...smbiosFiles([dram]), ...memTotal(62) });
    expect(node?.memoryInstalledBytes).toBe(62n * gibibyte);
    expect(warnings).toContainEqual(expect.stringMatching(/report less memory than the kernel can use/u));
  });
});

const sasDisk = "sys/devices/pci0000:00/0000:00:17.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda";

/** An IDENTIFY page (SAT-3, 12.4.2) with its strings, whose bytes are swapped in pairs. */
function page89(serial: string, model: string, wwn: string): Buffer {
  const page = Buffer.alloc(572);
  page.set([0, 0x89, 0x02, 0x38]);
  const swapped = (text: string, length: number): Buffer => Buffer.from(text.padEnd(length), "latin1").swap16();
  page.set(swapped(serial, 20), 60 + 20);
  page.set(swapped("FW01", 8), 60 + 46);
  page.set(swapped(model, 40), 60 + 54);
  page.writeUInt16LE(0x4100, 60 + 87 * 2);
  page.set(Buffer.from(wwn, "hex").swap16(), 60 + 108 * 2);
  return page;
}

describe("disks", () => {
  const satBehindSas: FileTree = {
    [`${sasDisk}/size`]: "7814037168\n",
    [`${sasDisk}/device/vendor`]: "ATA     \n",
    [`${sasDisk}/device/model`]: "ST4000NM0115-1YZ\n",
    [`${sasDisk}/device/wwid`]: "naa.5000c500aabbccdd\n",
    "sys/block/sda": { link: sasDisk.replace("sys/", "../") },
  };

  test("H5: a SATA disk behind a SAS controller has udev's ATA names", async () => {
    const page = page89("ZC1ABCDE", "ST4000NM0115-1YZ107", "5000c500aabbccdd");
    const { node } = await reported({ ...satBehindSas, [`${sasDisk}/device/vpd_pg89`]: page });
    expect(node?.blockDevice).toMatchObject([
      {
        byId: ["ata-ST4000NM0115-1YZ107_ZC1ABCDE", "wwn-0x5000c500aabbccdd"],
        protocol: BlockDevice_Protocol.ATA,
        transport: "sas",
        serialNumber: "ZC1ABCDE",
      },
    ]);
  });

  test("H5: without page 89h it has none: they could only be guessed", async () => {
    const { node } = await reported(satBehindSas);
    expect(node?.blockDevice.map(({ byId }) => byId)).toEqual([[]]);
  });

  test("H5: eMMC is named by its name and serial number", async () => {
    const { node } = await reported({
      "sys/block/mmcblk0/size": "61071360\n",
      "sys/block/mmcblk0/device/name": "DF4064\n",
      "sys/block/mmcblk0/device/serial": "0x1234abcd\n",
    });
    expect(node?.blockDevice).toMatchObject([{ byId: ["mmc-DF4064_0x1234abcd"], transport: "mmc" }]);
  });

  test.each([
    ...["zd0", "zd16", "bcache0", "rbd0", "nullb0", "ubiblock0_0", "mmcblk0gp0", "mmcblk0boot0", "mmcblk1rpmb"],
    ...["loop0", "ram0", "zram0", "dm-0", "md127", "md_d0", "sr0", "fd0", "nbd0", "drbd0", "mtdblock0", "ublkb0"],
    ...["pktcdvd0", "etherd!e0.0", "rnbd0"],
  ])("H11: %s is no disk of the machine's", async (name) => {
    const { node } = await reported({ [`sys/block/${name}/size`]: "2097152\n", "sys/block/sda/size": "2097152\n" });
    expect(node?.blockDevice.map((disk) => disk.name)).toEqual(["sda"]);
  });

  test.each(["sda", "nvme0n1", "vda", "xvda", "mmcblk0", "hda", "cciss!c0d0", "dasda", "pmem0", "rssda"])(
    "H11: %s is one",
    async (name) => {
      const { node } = await reported({ [`sys/block/${name}/size`]: "2097152\n" });
      expect(node?.blockDevice.map((disk) => disk.name)).toEqual([name]);
    },
  );

  test("H11: what a driver makes of no device is none, whatever it is called", async () => {
    const { node } = await reported({
      "sys/devices/virtual/block/zz0/size": "2097152\n",
      "sys/block/zz0": { link: "../devices/virtual/block/zz0" },
      // NVMe with several ways to it is shown there too.
      "sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/size": "2097152\n",
      "sys/block/nvme0n1": { link: "../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1" },
    });
    expect(node?.blockDevice.map((disk) => disk.name)).toEqual(["nvme0n1"]);
  });

  test.each([
    ["ro", "1\n", /sda can't be installed to: it is read-only/u],
    ["queue/zoned", "host-managed\n", /sda can't be installed to: its zones/u],
  ])("H11: a disk that can't be written is left out with a warning (%s)", async (file, content, warning) => {
    const { node, warnings } = await reported({
      "sys/block/sda/size": "2097152\n",
      [`sys/block/sda/${file}`]: content,
      "sys/block/sdb/size": "2097152\n",
      "sys/block/sdb/ro": "0\n",
      "sys/block/sdb/queue/zoned": "none\n",
    });
    expect(node?.blockDevice.map((disk) => disk.name)).toEqual(["sdb"]);
    expect(warnings).toContainEqual(expect.stringMatching(warning));
  });
});

describe("processors", () => {
  const thread = (number: number): string =>
    `processor\t: ${number}\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n`;

  test("H6: sockets and cores of an arm64 machine are those of the kernel's topology", async () => {
    const topology: FileTree = {};
    for (let number = 0; number < 8; number += 1) {
      const folder = `sys/devices/system/cpu/cpu${number}/topology`;
      topology[`${folder}/physical_package_id`] = number < 4 ? "36\n" : "38\n";
      topology[`${folder}/core_id`] = `${number % 2}\n`;
      topology[`${folder}/core_cpus_list`] =
        number % 2 === 0 ? `${number}-${number + 1}\n` : `${number - 1}-${number}\n`;
    }
    const cpuinfo = Array.from({ length: 8 }, (_, number) => thread(number)).join("");
    const { node } = await reported({ "proc/cpuinfo": cpuinfo, ...topology });
    expect(node?.cpu).toMatchObject([
      { cores: 2, hardwareThreads: 4, vendor: "0x41" },
      { cores: 2, hardwareThreads: 4, vendor: "0x41" },
    ]);
  });

  test("H6: where the firmware does not say there is one", async () => {
    const { node } = await reported({
      "proc/cpuinfo": thread(0) + thread(1),
      "sys/devices/system/cpu/cpu0/topology/physical_package_id": "-1\n",
      "sys/devices/system/cpu/cpu1/topology/physical_package_id": "-1\n",
    });
    expect(node?.cpu).toMatchObject([{ cores: 2, hardwareThreads: 2 }]);
  });
});

describe("network interfaces", () => {
  const port = (name: string, address: string, more: FileTree = {}): FileTree => ({
    [`sys/class/net/${name}/address`]: `${address}\n`,
    [`sys/class/net/${name}/type`]: "1\n",
    [`sys/class/net/${name}/device`]: { link: `../../../devices/${name}` },
    ...Object.fromEntries(Object.entries(more).map(([file, content]) => [`sys/class/net/${name}/${file}`, content])),
  });
  const macs = (node: Node | undefined): string[] =>
    (node?.networkInterface ?? []).map(({ mac }) => Buffer.from(mac).toString("hex"));

  test.each(["65535", "-1", "4294967295", "0"])("H9: a speed of %s is unknown", async (speed) => {
    const { node } = await reported(port("eno1", "b0:7b:25:00:11:22", { speed: `${speed}\n`, carrier: "1\n" }));
    expect(node?.networkInterface).toMatchObject([{ linkUp: true, currentSpeedBytes: 0n }]);
  });

  test("H9: 400 Gbit/s is a speed", async () => {
    const { node } = await reported(port("eno1", "b0:7b:25:00:11:22", { speed: "400000\n", carrier: "1\n" }));
    expect(node?.networkInterface).toMatchObject([{ currentSpeedBytes: 50_000_000_000n }]);
  });

  test("H10: ports of a bond have their own addresses", async () => {
    const bonded = "b0:7b:25:00:11:22";
    const { node } = await reported({
      ...port("eno1", bonded, { "bonding_slave/perm_hwaddr": "b0:7b:25:00:11:22\n" }),
      ...port("eno2", bonded, { "bonding_slave/perm_hwaddr": "b0:7b:25:00:11:23\n" }),
      "sys/class/net/bond0/address": `${bonded}\n`,
      "sys/class/net/bond0/type": "1\n",
    });
    expect(macs(node)).toEqual(["b07b25001122", "b07b25001123"]);
  });

  test("H10: so have those whose address a team or somebody changed", async () => {
    const calls: string[] = [];
    const run: RunTool = (program, args) => {
      calls.push([program, ...args].join(" "));
      const links = [
        { ifname: "eno1", address: "b0:7b:25:00:11:22" },
        { ifname: "eno2", address: "b0:7b:25:00:11:22", permaddr: "b0:7b:25:00:11:23" },
      ];
      return Promise.resolve({ kind: "ran", output: Buffer.from(JSON.stringify(links)) });
    };
    const { node } = await reported(
      {
        ...port("eno1", "b0:7b:25:00:11:22", { addr_assign_type: "0\n" }),
        ...port("eno2", "b0:7b:25:00:11:22", { addr_assign_type: "3\n" }),
      },
      run,
    );
    expect(macs(node)).toEqual(["b07b25001122", "b07b25001123"]);
    expect(calls).toEqual(["ip -json link show"]);
  });

  test("H10: an `ip` that can't say it leaves the addresses in use", async () => {
    const { node } = await reported(port("eno1", "b0:7b:25:00:11:22", { addr_assign_type: "3\n" }), () =>
      Promise.resolve({ kind: "ran", output: Buffer.from("ip: unrecognized option: json") }),
    );
    expect(macs(node)).toEqual(["b07b25001122"]);
  });

  test("H10: virtual functions of a port are no ports", async () => {
    const { node } = await reported({
      ...port("eno1", "b0:7b:25:00:11:22"),
      ...port("eno1v0", "fa:16:3e:00:00:01"),
      "sys/devices/eno1v0/physfn": { link: "../eno1" },
    });
    expect(macs(node)).toEqual(["b07b25001122"]);
  });
});
