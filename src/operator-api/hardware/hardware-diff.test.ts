import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  BlockDevice_Protocol,
  EFISupport,
  SecureBoot,
  type NodeSchema,
} from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { hardwareChanges } from "./hardware-diff.ts";

const report = (node: MessageInitShape<typeof NodeSchema>, warning: string[] = []) =>
  create(AgentHardwareReportSchema, { report: node as never, warning });

const disk = { serialNumber: "S1", deviceModel: "Fast", vendor: "Acme", capacityBytes: 512_000_000_000n };
const mac = Uint8Array.from([2, 0, 0, 0, 0, 1]);

test.each<[string, Parameters<typeof report>, Parameters<typeof report>, string[]]>([
  ["nothing", [{ blockDevice: [disk] }], [{ blockDevice: [disk] }], []],
  [
    "nothing, in another order",
    [{ blockDevice: [disk, { serialNumber: "S2" }] }],
    [{ blockDevice: [{ serialNumber: "S2" }, disk] }],
    [],
  ],
  ["a disk that came", [{}], [{ blockDevice: [disk] }], ["disk S1 is new (Acme Fast 512 GB (512000000000))"]],
  ["a disk that went", [{ blockDevice: [disk] }], [{}], ["disk S1 is gone (Acme Fast 512 GB (512000000000))"]],
  [
    "a disk that changed",
    [{ blockDevice: [disk] }],
    [
      {
        blockDevice: [
          { ...disk, capacityBytes: 1_000_000_000_000n, criticalWarning: true, protocol: BlockDevice_Protocol.NVME },
        ],
      },
    ],
    [
      "disk S1: capacity bytes was 512 GB (512000000000), is 1.00 TB (1000000000000)",
      "disk S1: critical warning was no, is yes",
      "disk S1: protocol was not given, is NVMe",
    ],
  ],
  [
    "wear, a 32-bit float",
    [{ blockDevice: [{ ...disk, usageRatio: Math.fround(0.02) }] }],
    [{ blockDevice: [{ ...disk, usageRatio: Math.fround(1.1) }] }],
    ["disk S1: usage ratio was 2 %, is 110 %"],
  ],
  [
    "the second of two disks without a name",
    [{ blockDevice: [{ deviceModel: "X" }, { deviceModel: "X" }] }],
    [{ blockDevice: [{ deviceModel: "X" }] }],
    ["disk X (2) is gone (X 0 B)"],
  ],
  [
    "memory",
    [{ memoryInstalledBytes: 1_000n }],
    [{ memoryInstalledBytes: 2_000n }],
    ["machine: memory installed bytes was 1000 B, is 1.95 KiB (2000)"],
  ],
  [
    "firmware and identity",
    [{ efiSupport: EFISupport.EFI_SUPPORT_SUPPORTED, product: "A" }],
    [{ efiSupport: EFISupport.EFI_SUPPORT_ENABLED }],
    ["machine: product was A, is not given", "machine: efi support was supported, is enabled"],
  ],
  [
    "a link",
    [{ networkInterface: [{ mac, name: "eth0", linkUp: true }] }],
    [{ networkInterface: [{ mac, name: "eth0", linkUp: false }] }],
    ["network interface 02:00:00:00:00:01: link up was yes, is no"],
  ],
  [
    "a processor",
    [{ cpu: [{ model: "Slow", cores: 4, architecture: { case: "x8664", value: { family: 6, model: 1 } } }] }],
    [
      {
        cpu: [
          { model: "Slow", cores: 8, architecture: { case: "x8664", value: { family: 6, model: 2 } } },
          { model: "Other", cores: 1 },
        ],
      },
    ],
    [
      "processor 1: cores was 4, is 8",
      "processor 1: architecture was family 6, model 1, stepping 0, is family 6, model 2, stepping 0",
      "processor 2 is new (Other, 1 cores)",
    ],
  ],
  [
    "firmware and board, management controller and TPM",
    [
      {
        firmware: { vendor: "Dell", version: "1.1" },
        board: { product: "0M58GC" },
        tpm: { version: "2.0", manufacturer: "INTC" },
        bmc: { interface: "KCS", baseAddress: 0xca2n },
        secureBoot: SecureBoot.ENABLED,
      },
    ],
    [
      {
        firmware: { vendor: "Dell", version: "1.2" },
        board: { product: "0M58GD" },
        bmc: { interface: "KCS", baseAddress: 0xca8n },
        secureBoot: SecureBoot.SETUP,
      },
    ],
    [
      "machine: secure boot was enabled, is in setup mode",
      "TPM is gone (2.0 INTC)",
      "firmware: version was 1.1, is 1.2",
      "board: product was 0M58GC, is 0M58GD",
      "management controller: base address was 0xca2, is 0xca8",
    ],
  ],
  [
    "memory slots",
    [{ memoryDevice: [{ locator: "A1", sizeBytes: 1n << 34n, kind: "DDR4" }, { locator: "A2" }] }],
    [
      {
        memoryDevice: [
          { locator: "A1", sizeBytes: 1n << 35n, kind: "DDR4" },
          { locator: "A2", sizeBytes: 1n << 34n, kind: "DDR4" },
        ],
      },
    ],
    [
      "memory slot A1: size bytes was 16 GiB (17179869184), is 32 GiB (34359738368)",
      "memory slot A2: size bytes was not given, is 16 GiB (17179869184)",
      "memory slot A2: kind was not given, is DDR4",
    ],
  ],
  [
    "PCI devices and NUMA nodes",
    [
      {
        pciDevice: [
          { address: "0000:3b:00.0", class: 0x03_02_00, vendorId: 0x10de, deviceId: 0x20b0, linkWidth: 16 },
          { address: "0000:5e:00.0", class: 0x01_08_02, vendorId: 0x144d, deviceId: 0xa824 },
        ],
        numaNode: [{ number: 0, cpus: "0-7" }],
      },
    ],
    [
      {
        pciDevice: [
          { address: "0000:3b:00.0", class: 0x03_02_00, vendorId: 0x10de, deviceId: 0x20b0, linkWidth: 8, numaNode: 0 },
        ],
        numaNode: [
          { number: 0, cpus: "0-3" },
          { number: 1, cpus: "4-7" },
        ],
      },
    ],
    [
      "NUMA node 0: cpus was 0-7, is 0-3",
      "NUMA node 1 is new (processors 4-7)",
      "PCI device 0000:5e:00.0 is gone (NVMe 144d:a824)",
      "PCI device 0000:3b:00.0: link width was 16, is 8",
      "PCI device 0000:3b:00.0: numa node was not given, is 0",
    ],
  ],
  [
    "nothing, where disks and links read otherwise than before",
    [
      {
        blockDevice: [{ ...disk, temperatureCelsius: 30, powerOnHours: 1n, writtenBytes: 1n }],
        pciDevice: [{ address: "0000:3b:00.0", linkSpeed: "2.5 GT/s PCIe" }],
      },
    ],
    [
      {
        blockDevice: [{ ...disk, temperatureCelsius: 31, powerOnHours: 2n, writtenBytes: 2n }],
        pciDevice: [{ address: "0000:3b:00.0", linkSpeed: "16.0 GT/s PCIe" }],
      },
    ],
    [],
  ],
  [
    "what an agent of an earlier version did not tell, in a line",
    [{ product: "A" }],
    [{ product: "A", pciDevice: [{ address: "a" }, { address: "b" }], memoryDevice: [{ locator: "A1" }] }],
    ["memory slots are reported for the first time (1)", "PCI devices are reported for the first time (2)"],
  ],
  [
    "warnings",
    [{}, ["dmi unreadable"]],
    [{}, ["no EFI"]],
    ["the agent no longer warns: dmi unreadable", "the agent warns: no EFI"],
  ],
])("%s", (_what, before, after, texts) => {
  expect(hardwareChanges(report(...before), report(...after)).map(({ text }) => text)).toEqual(texts);
});

test("reports that say nothing have no differences", () => {
  const empty = create(AgentHardwareReportSchema);
  expect(hardwareChanges(empty, empty)).toEqual([]);
});
