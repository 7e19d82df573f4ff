import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlockDevice_Protocol, EFISupport } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { FileTree } from "../../../test/support/file-tree.ts";
import { fileTree } from "../../../test/support/file-tree.ts";
import { cpuinfoPackages } from "./cpu.ts";
import { wwnBytes } from "./disk-identity.ts";
import { meminfoTotal, memoryDeviceBytes } from "./memory.ts";
import { macBytes } from "./network-interfaces.ts";
import { hardwareReport } from "./report.ts";
import { smbiosParse } from "./smbios.ts";
import { madeMemoryDevice, smbiosFiles, smbiosTable, type MadeStructure } from "./testing/smbios-tables.ts";

const thread = (processor: number, physical: number, core: number): string =>
  `processor\t: ${processor}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n` +
  `model name\t: Intel(R) Xeon(R) Gold 6430\nstepping\t: 8\nphysical id\t: ${physical}\nsiblings\t: 4\n` +
  `core id\t\t: ${core}\ncpu cores\t: 2\nflags\t\t: fpu vme\n\n`;

const cpuinfo = [0, 1].flatMap((socket) => [0, 1, 0, 1].map((core, index) => thread(socket * 4 + index, socket, core)));

const server: FileTree = {
  "proc/cpuinfo": cpuinfo.join(""),
  "proc/meminfo": "MemTotal:       65011712 kB\nMemFree: 1 kB\n",
  "sys/class/dmi/id/sys_vendor": "Dell Inc.\n",
  "sys/class/dmi/id/product_name": "PowerEdge R660\n",
  "sys/class/dmi/id/product_serial": "7X2K9Z3\n",
  ...smbiosFiles([
    madeMemoryDevice(0x7fff, 32 * 1024),
    madeMemoryDevice(16 * 1024),
    madeMemoryDevice(0),
    madeMemoryDevice(0xffff),
    madeMemoryDevice(16 * 1024),
  ]),
  "sys/firmware/efi/runtime": "0\n",
  "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": Buffer.from([6, 0, 0, 0, 1]),
  // NVMe
  "sys/block/nvme0n1/size": "7501476528\n",
  "sys/block/nvme0n1/wwid": "eui.36434530526017860025384300000001\n",
  "sys/block/nvme0n1/device/model": "SAMSUNG MZWLR3T8HBLS\n",
  "sys/block/nvme0n1/device/serial": "S6CXNE0T101786      \n",
  "sys/block/nvme0n1/queue/rotational": "0\n",
  "sys/block/nvme0n1/queue/logical_block_size": "512\n",
  "sys/block/nvme0n1/queue/physical_block_size": "4096\n",
  // SATA and SAS
  "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/size": "3907029168\n",
  "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/device/vendor": "ATA     \n",
  "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/device/model": "ST2000NX0253\n",
  "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/device/wwid": "naa.5000c500a1b2c3d4\n",
  "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/device/vpd_pg80": Buffer.concat([
    Buffer.from([0, 0x80, 0, 8]),
    Buffer.from("W461ABCD"),
  ]),
  "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/queue/rotational": "1\n",
  "sys/block/sda": { link: "../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda" },
  "sys/block/sdb/size": "1000\n",
  "sys/block/sdb/device/vendor": "SEAGATE \n",
  "dev/disk/by-path/pci-0000:00:17.0-ata-1": { link: "../../sda" },
  "dev/disk/by-path/pci-0000:00:17.0-ata-1-part1": { link: "../../sda1" },
  "sys/block/mmcblk0/size": "1000\n",
  // None of these is a disk.
  "sys/block/mmcblk0boot0/size": "1000\n",
  "sys/block/loop0/size": "1000\n",
  "sys/block/dm-0/size": "1000\n",
  "sys/block/md127/size": "1000\n",
  "sys/block/sr0/size": "1000\n",
  "sys/block/zram0/size": "1000\n",
  "sys/block/ram0/size": "1000\n",
  "sys/block/sdc/size": "0\n",
  "sys/block/nvme1c0n1/size": "1000\n",
  "sys/block/nvme1c0n1/hidden": "1\n",
  // Network
  "sys/class/net/eno1/address": "b0:7b:25:00:11:22\n",
  "sys/class/net/eno1/type": "1\n",
  "sys/class/net/eno1/carrier": "1\n",
  "sys/class/net/eno1/speed": "25000\n",
  "sys/class/net/eno1/device": { link: "../../../devices/nic0" },
  "sys/devices/nic0/driver": { link: "../../bus/pci/drivers/mlx5_core" },
  "sys/class/net/eno2/address": "b0:7b:25:00:11:23\n",
  "sys/class/net/eno2/type": "1\n",
  "sys/class/net/eno2/carrier": "0\n",
  "sys/class/net/eno2/speed": "-1\n",
  "sys/class/net/eno2/device": { link: "../../../devices/nic1" },
  "sys/class/net/lo/address": "00:00:00:00:00:00\n",
  "sys/class/net/lo/type": "772\n",
  "sys/class/net/bond0/address": "b0:7b:25:00:11:22\n",
  "sys/class/net/bond0/type": "1\n",
};

const size = (report: AgentHardwareReport): number => toBinary(AgentHardwareReportSchema, report).length;

describe("a hardware report", () => {
  test("of a server", async () => {
    await using tree = await fileTree(server);
    const { report, warning } = await hardwareReport({ root: tree.root });
    expect(warning).toEqual([expect.stringMatching(/does not know the size of a memory module/u)]);
    expect(report).toMatchObject({
      manufacturer: "Dell Inc.",
      product: "PowerEdge R660",
      serialNumber: "7X2K9Z3",
      memoryInstalledBytes: 64n << 30n,
      efiSupport: EFISupport.EFI_SUPPORT_ENABLED,
    });
    expect(report?.memoryUsableRatio).toBeCloseTo(0.96875);
    expect(report?.cpu).toHaveLength(2);
    expect(report?.cpu[1]).toMatchObject({
      architecture: { case: "x8664", value: { family: 6, model: 143, stepping: 8 } },
      cores: 2,
      hardwareThreads: 4,
      vendor: "GenuineIntel",
      model: "Intel(R) Xeon(R) Gold 6430",
    });
    expect(report?.blockDevice.map(({ name }) => name)).toEqual(["mmcblk0", "nvme0n1", "sda", "sdb"]);
    const [mmc, nvme, ata, scsi] = report?.blockDevice ?? [];
    expect(nvme).toMatchObject({
      deviceModel: "SAMSUNG MZWLR3T8HBLS",
      serialNumber: "S6CXNE0T101786",
      capacityBytes: 3_840_755_982_336n,
      logicalBlockSizeBytes: 512,
      physicalBlockSizeBytes: 4096,
      rotational: false,
      protocol: BlockDevice_Protocol.NVME,
    });
    expect(Buffer.from(nvme?.wwn ?? []).toString("hex")).toBe("36434530526017860025384300000001");
    expect(ata).toMatchObject({
      vendor: "ATA",
      serialNumber: "W461ABCD",
      rotational: true,
      protocol: BlockDevice_Protocol.ATA,
      byPath: ["pci-0000:00:17.0-ata-1"],
      transport: "ata",
      pciAddress: "0000:00:17.0",
    });
    expect(Buffer.from(ata?.wwn ?? []).toString("hex")).toBe("5000c500a1b2c3d4");
    expect([mmc?.protocol, scsi?.protocol]).toEqual([BlockDevice_Protocol.MMC, BlockDevice_Protocol.SCSI]);
    expect(report?.networkInterface).toMatchObject([
      { name: "eno1", driver: "mlx5_core", linkUp: true, currentSpeedBytes: 3_125_000_000n },
      { name: "eno2", driver: "", linkUp: false, currentSpeedBytes: 0n },
    ]);
    expect(Buffer.from(report?.networkInterface[0]?.mac ?? []).toString("hex")).toBe("b07b25001122");
  });

  test.each<[string, FileTree, EFISupport]>([
    ["not told", {}, EFISupport.EFI_SUPPORT_UNKNOWN],
    ["supported", bios(0x08), EFISupport.EFI_SUPPORT_SUPPORTED],
    ["unsupported", bios(0x03), EFISupport.EFI_SUPPORT_UNSUPPORTED],
  ])("without an EFI boot: %s", async (_name, files, expected) => {
    await using tree = await fileTree(files);
    expect((await hardwareReport({ root: tree.root })).report?.efiSupport).toBe(expected);
  });

  test("of this very host", async () => {
    const report = await hardwareReport();
    expect(report.report?.cpu.length).toBeGreaterThan(0);
    expect(report.report?.memoryInstalledBytes).toBeGreaterThan(1n << 28n);
    expect(report.report?.cpu[0]?.hardwareThreads).toBeGreaterThan(0);
  });

  test("of a machine that tells nothing is warnings", async () => {
    await using tree = await fileTree({});
    const { report, warning } = await hardwareReport({ root: tree.root });
    expect(report?.cpu).toEqual([]);
    expect(warning.join("\n")).toMatch(/sys\/block/u);
    expect(warning.join("\n")).toMatch(/processor/u);
    expect(warning.join("\n")).not.toContain(tree.root);
  });

  test("of a machine with far too much of everything stays within its limits", async () => {
    const files: FileTree = {
      "proc/cpuinfo": Array.from({ length: 999 }, (_, index) => thread(index, index, 0)).join(""),
    };
    for (let index = 0; index < 1100; index += 1) {
      files[`sys/block/sd${index}/size`] = "99";
      files[`sys/block/sd${index}/device/model`] = "m".repeat(5000);
      files[`sys/block/sd${index}/device/vendor`] = "v".repeat(5000);
      files[`sys/block/sd${index}/device/serial`] = "s".repeat(5000);
      files[`sys/class/net/bad${index}/device`] = { link: "x" };
      files[`sys/class/net/bad${index}/type`] = "1";
    }
    await using tree = await fileTree(files);
    const report = await hardwareReport({ root: tree.root, limitMs: 120_000 });
    expect(size(report)).toBeLessThanOrEqual(512 << 10);
    expect(report.report?.blockDevice.length).toBeGreaterThan(100);
    expect(report.warning.length).toBeLessThanOrEqual(64);
    expect(report.warning.at(-1)).toMatch(/too large/u);
  });

  test("of garbage is never a crash, and can be sent", async () => {
    const names = Object.entries(server).filter(
      ([, content]) => typeof content === "string" || content instanceof Uint8Array,
    );
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.constantFrom(
        "-1\n",
        "99999999999999999999",
        "1e9",
        "naa.zz",
        "processor : x\ncpu family : 99999999999\nmodel : -1",
        "\0\0",
        "\ud800",
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(garbage, { minLength: names.length, maxLength: names.length }), async (contents) => {
        const spoilt = names.map(([path], index): [string, string | Uint8Array] => [path, contents[index] ?? ""]);
        await using tree = await fileTree({ ...server, ...Object.fromEntries(spoilt) });
        const report = await hardwareReport({ root: tree.root });
        const bytes = toBinary(AgentHardwareReportSchema, report);
        expect(bytes.length).toBeLessThanOrEqual(512 << 10);
        expect(Buffer.from(bytes).length).toBeGreaterThan(0);
        expect(
          JSON.stringify(report, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
        ).not.toContain("\\u0000");
      }),
      { numRuns: 30 },
    );
  });
});

describe("the parsers", () => {
  test("take whatever they are given", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), fc.uint8Array({ maxLength: 64 }), (lines, bytes) => {
        cpuinfoPackages(["processor : 0", ...lines]);
        meminfoTotal(lines);
        smbiosParse(Buffer.from(bytes), Buffer.from([17, ...bytes]));
        for (const line of lines) {
          wwnBytes(`naa.${line}`);
          macBytes(line);
        }
      }),
    );
  });

  test("a virtual machine's processors without sockets are one", () => {
    const lines = "processor : 0\nvendor_id : AuthenticAMD\n\nprocessor : 1\nvendor_id : AuthenticAMD".split("\n");
    expect(cpuinfoPackages(lines)).toMatchObject([{ cores: 2, hardwareThreads: 2, vendor: "AuthenticAMD" }]);
  });

  test.each<[MadeStructure, bigint]>([
    [madeMemoryDevice(0x8000 | 512), 512n << 10n],
    [madeMemoryDevice(1024), 1n << 30n],
    [madeMemoryDevice(0x7fff, 128 * 1024), 128n << 30n],
    [madeMemoryDevice(0xffff), 0n],
    [madeMemoryDevice(0), 0n],
    [{ type: 17, length: 5 }, 0n],
  ])("a memory device %#", (made, expected) => {
    const [entry] = smbiosParse(Buffer.alloc(0), smbiosTable([made])).structures;
    expect(entry === undefined ? undefined : memoryDeviceBytes(entry)).toBe(expected);
  });

  test.each([
    ["naa.5000c500a1b2c3d4", "5000c500a1b2c3d4"],
    ["uuid.3d7b5f6c-0f4e-4c3a-9a59-2f0f6a4d1c11", "3d7b5f6c0f4e4c3a9a592f0f6a4d1c11"],
    ["t10.ATA     QEMU HARDDISK", ""],
    ["naa.5000c500a1b2c3d", ""],
    ["", ""],
  ])("a wwid %j", (wwid, expected) => {
    expect(Buffer.from(wwnBytes(wwid)).toString("hex")).toBe(expected);
  });
});

function bios(extension: number): FileTree {
  return smbiosFiles([{ type: 0, length: 0x18, bytes: { 0x13: [extension] } }]);
}
