import { create } from "@bufbuild/protobuf";
import { BlockDevice_Protocol, EFISupport, NodeSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema, type AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { BlockDeviceSchema, NetworkInterfaceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { prng, type Prng } from "../../lib/prng.ts";

const gibibyte = 1024n ** 3n;
const gigabyte = 1_000_000_000n;
const gigabit = 125_000_000n;

/** Types of machines with their typical hardware, invented after common ones. */
const makes = [
  {
    manufacturer: "Aldebaran Systems",
    products: ["R450", "R650xs", "R7525"],
    cpus: [
      { vendor: "GenuineIntel", model: "Xeon Silver 4314", family: 6, number: 106, stepping: 6, cores: 16 },
      { vendor: "AuthenticAMD", model: "EPYC 7513", family: 25, number: 1, stepping: 1, cores: 32 },
    ],
    sockets: 2,
    disks: ["nvme", "sas"],
    nics: { driver: "bnxt_en", oui: [0x02, 0x10, 0x18], speeds: [10n, 25n] },
  },
  {
    manufacturer: "Boreas",
    products: ["BL-120", "BL-240"],
    cpus: [{ vendor: "AuthenticAMD", model: "EPYC 4344P", family: 25, number: 97, stepping: 2, cores: 8 }],
    sockets: 1,
    disks: ["nvme"],
    nics: { driver: "ixgbe", oui: [0x02, 0x1b, 0x21], speeds: [1n, 10n] },
  },
  {
    manufacturer: "Caldera",
    products: ["Store 36"],
    cpus: [{ vendor: "GenuineIntel", model: "Xeon Gold 5318Y", family: 6, number: 106, stepping: 6, cores: 24 }],
    sockets: 2,
    disks: ["sata", "nvme"],
    nics: { driver: "mlx5_core", oui: [0x02, 0xc0, 0xeb], speeds: [25n, 100n] },
  },
] as const;

type Make = (typeof makes)[number];

/**
 * The hardware report of a simulated machine: the same for the same seed. `serial` is the machine's unique serial
 * number.
 */
export function simulatedHardware(seed: string, serial: string): AgentHardwareReport {
  const random = prng(`${seed} hardware ${serial}`);
  const make: Make = random.pick(makes);
  const cpu = random.pick<Make["cpus"][number]>(make.cpus);
  const memory = BigInt(random.pick([64, 128, 256, 512])) * gibibyte;
  const report = create(NodeSchema, {
    manufacturer: make.manufacturer,
    product: random.pick<string>(make.products),
    serialNumber: serial,
    memoryInstalledBytes: memory,
    memoryUsableRatio: Math.fround(random.between(0.97, 0.99)),
    cpu: Array.from({ length: make.sockets }, () => ({
      architecture: {
        case: "x8664" as const,
        value: { family: cpu.family, model: cpu.number, stepping: cpu.stepping },
      },
      cores: cpu.cores,
      hardwareThreads: cpu.cores * 2,
      vendor: cpu.vendor,
      model: cpu.model,
    })),
    blockDevice: disks(make, serial, random),
    networkInterface: interfaces(make, random),
    efiSupport: random.pick([
      EFISupport.EFI_SUPPORT_ENABLED,
      EFISupport.EFI_SUPPORT_ENABLED,
      EFISupport.EFI_SUPPORT_SUPPORTED,
    ]),
  });
  const warning = random.chance(0.1) ? ["the memory's slots could not be read: there is no /sys/firmware/dmi"] : [];
  return create(AgentHardwareReportSchema, { report, warning });
}

function disks(make: Make, serial: string, random: Prng): MessageInitShape<typeof BlockDeviceSchema>[] {
  const kind = random.pick<string>(make.disks);
  const count = random.integer(1, kind === "sata" ? 12 : 4);
  const capacity = BigInt(random.pick(kind === "sata" ? [8_000, 16_000] : [480, 960, 1_920, 3_840])) * gigabyte;
  const data = Array.from({ length: count }, (_, index) => {
    const nvme = kind === "nvme";
    return {
      vendor: nvme ? "" : "ATA",
      deviceModel: nvme ? "MZQL2 NVMe" : kind === "sata" ? "ST16000" : "PM1643a",
      serialNumber: `${serial}-D${index + 1}`.toUpperCase(),
      wwn: random.bytes(8),
      rotational: kind === "sata",
      capacityBytes: capacity,
      logicalBlockSizeBytes: 512,
      physicalBlockSizeBytes: 4096,
      protocol: nvme
        ? BlockDevice_Protocol.NVME
        : kind === "sata"
          ? BlockDevice_Protocol.ATA
          : BlockDevice_Protocol.SCSI,
      name: nvme ? `nvme${index}n1` : `sd${String.fromCodePoint(98 + index)}`,
      ...(nvme ? { usageRatio: Math.fround(random.between(0, 0.3)), availableSpareRatio: 1 } : {}),
    };
  });
  return [bootDisk(serial, random), ...data];
}

/** The disk for the system. `max=250G` selects it alone. */
function bootDisk(serial: string, random: Prng): MessageInitShape<typeof BlockDeviceSchema> {
  return {
    ...{ vendor: "ATA", deviceModel: "MZ1L2 M.2", serialNumber: `${serial}-D0`.toUpperCase(), name: "sda" },
    ...{ wwn: random.bytes(8), rotational: false, capacityBytes: 240n * gigabyte },
    ...{ logicalBlockSizeBytes: 512, physicalBlockSizeBytes: 4096, protocol: BlockDevice_Protocol.ATA },
  };
}

function interfaces(make: Make, random: Prng): MessageInitShape<typeof NetworkInterfaceSchema>[] {
  const { driver, oui, speeds } = make.nics;
  return Array.from({ length: random.pick([2, 4]) }, (_, index) => {
    const up = index === 0 || random.chance(0.5);
    const speed = (speeds.at(-1) ?? 1n) * gigabit;
    return {
      mac: Uint8Array.from([...oui, ...random.bytes(3)]),
      driver,
      supportedSpeedBytes: speeds.map((gigabits) => gigabits * gigabit),
      linkUp: up,
      currentSpeedBytes: up ? speed : 0n,
      name: `eno${index + 1}`,
    };
  });
}

/** The serial number of the disk that is installed to. */
export function firstDisk(report: AgentHardwareReport): string {
  return report.report?.blockDevice[0]?.serialNumber ?? "";
}
