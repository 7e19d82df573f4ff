import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EFISupport, NodeSchema, SecureBoot } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { HardwareShowResponseSchema } from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { hardwareLines } from "./hardware-lines.ts";
import { hardwareTables } from "./hardware-tables.ts";
import { table } from "./table.ts";

const node = create(NodeSchema, {
  manufacturer: "Dell Inc.",
  product: "PowerEdge R660",
  serialNumber: "7X2K9Z3",
  smbiosUuid: "00112233-4455-6677-8899-aabbccddeeff",
  firmware: { vendor: "Dell Inc.", version: "1.15.2", releaseDate: "09/12/2024" },
  efiSupport: EFISupport.EFI_SUPPORT_ENABLED,
  secureBoot: SecureBoot.ENABLED,
  board: { product: "0M58GC", version: "A02" },
  chassis: { kind: "rack mount", heightUnits: 1, assetTag: "A\u001b[31m7" },
  tpm: { version: "2.0", manufacturer: "INTC", driver: "tpm_tis" },
  bmc: { interface: "KCS", ipmiVersion: "2.0", redfishAddress: "fe80::1", redfishPort: 443 },
  cpu: [
    { model: "Xeon Gold 6430", cores: 32, hardwareThreads: 64 },
    { model: "Xeon Gold 6430", cores: 32, hardwareThreads: 64 },
  ],
  memoryInstalledBytes: 34_359_738_368n,
  memoryErrorCorrection: "multi-bit ECC",
  memoryDevice: [
    {
      locator: "A1",
      sizeBytes: 34_359_738_368n,
      kind: "DDR5",
      formFactor: "DIMM",
      speedMts: 4800,
      configuredSpeedMts: 4400,
    },
    { locator: "A2" },
  ],
  numaNode: [
    { number: 0, cpus: "0-63", memoryBytes: 17_000_000_000n },
    { number: 1, cpus: "64-127", memoryBytes: 17_000_000_000n },
  ],
  blockDevice: [
    {
      name: "nvme0n1",
      deviceModel: "MZWLR3T8HBLS",
      capacityBytes: 3_840_755_982_336n,
      transport: "pcie",
      criticalWarning: true,
      mediaErrors: 3n,
      usageRatio: 0.98,
      availableSpareRatio: 0.05,
      temperatureCelsius: 41,
      powerOnHours: 31_000n,
    },
    {
      name: "sda",
      vendor: "ATA",
      deviceModel: "ST2000NX0253",
      capacityBytes: 2_000_398_934_016n,
      transport: "ata",
      rotational: true,
    },
  ],
  networkInterface: [
    {
      name: "eno1",
      mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
      driver: "mlx5_core",
      linkUp: true,
      currentSpeedBytes: 3_125_000_000n,
      pciAddress: "0000:3b:00.0",
      numaNode: 0,
    },
    { name: "eno2", mac: Uint8Array.of(2, 0, 0, 0, 0, 2), driver: "igb" },
  ],
  pciDevice: [
    { address: "0000:00:00.0", class: 0x06_00_00, vendorId: 0x8086, deviceId: 0x09a2 },
    {
      address: "0000:c1:00.0",
      class: 0x03_02_00,
      vendorId: 0x10de,
      deviceId: 0x20b0,
      linkWidth: 8,
      linkWidthMaximum: 16,
      linkSpeed: "16.0 GT/s PCIe",
      numaNode: 1,
    },
  ],
});

const { disks } = create(HardwareShowResponseSchema, {
  disks: [
    { name: "nvme0n1", selectors: ["serial=S6C,1", "name=nvme0n1"] },
    { name: "sda", selectors: [] },
  ],
});

test("a machine in lines", () => {
  expect(hardwareLines(node)).toBe(`\
machine     Dell Inc. PowerEdge R660, serial 7X2K9Z3, UUID 00112233-4455-6677-8899-aabbccddeeff
firmware    Dell Inc. 1.15.2 of 09/12/2024, booted by UEFI, secure boot on
board       0M58GC A02
chassis     rack mount, 1 U, asset A\uFFFD[31m7
TPM         2.0 INTC, driver tpm_tis
BMC         KCS, IPMI 2.0, Redfish at [fe80::1]:443
processors  2 × Xeon Gold 6430, 64 cores, 128 threads
memory      32 GiB, 1 of 2 slots, multi-bit ECC
NUMA 0      processors 0-63, 15.8 GiB
NUMA 1      processors 64-127, 15.8 GiB
`);
  expect(hardwareLines(create(NodeSchema))).toBe("");
});

test("what it has several of in tables; of PCI devices only what computes, unless all are asked for", () => {
  const text = hardwareTables(node, disks, false).map(({ header, rows }) => table(header, rows));
  expect(text.join("\n")).toBe(`\
SLOT  SIZE    KIND       SPEED      MANUFACTURER  PART  SERIAL
A1    32 GiB  DDR5 DIMM  4400 MT/s  -             -     -
A2    empty   -          -          -             -     -

DISK     SIZE     BUS           MODEL         FIRMWARE  HEALTH                                                         SELECTOR
nvme0n1  3.84 TB  pcie          MZWLR3T8HBLS  -         failing, 3 media errors, 98 % worn, 5 % spare, 41 °C, 31000 h  serial=S6C\\,1
sda      2.00 TB  ata rotating  ST2000NX0253  -         -                                                              -

INTERFACE  MAC                DRIVER     LINK           PCI           NUMA
eno1       02:00:00:00:00:01  mlx5_core  up, 25 Gbit/s  0000:3b:00.0  0
eno2       02:00:00:00:00:02  igb        down           -             -

PCI           CLASS  ID         DRIVER  LINK                    MEMORY  NUMA
0000:c1:00.0  3D     10de:20b0  -       x8 of x16 at 16.0 GT/s  -       1
`);
  const [, , , wide] = hardwareTables(node, disks, true);
  expect(wide?.rows.map(([address, name]) => [address, name])).toEqual([
    ["0000:00:00.0", "host bridge"],
    ["0000:c1:00.0", "3D"],
  ]);
  expect(hardwareTables(create(NodeSchema), [], true)).toEqual([]);
});
