import type { DescMessage } from "@bufbuild/protobuf";
import {
  BlockDeviceSchema,
  BmcSchema,
  BoardSchema,
  ChassisSchema,
  CPUSchema,
  FirmwareSchema,
  MemoryDeviceSchema,
  NetworkInterfaceSchema,
  NodeSchema,
  NumaNodeSchema,
  PciDeviceSchema,
  TpmSchema,
  type BlockDevice,
  type CPU,
  type MemoryDevice,
  type NetworkInterface,
  type Node,
  type NumaNode,
  type PciDevice,
} from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { pciClassName } from "../../contract/pci-class.ts";
import { hardwareFields } from "./hardware-fields.ts";
import { bytesText, exactBytesText, memoryText } from "../../lib/format/bytes.ts";
import { hexText } from "../../lib/format/hex.ts";

/** A part of a machine that can be told apart from others of its kind. */
export interface Part {
  /** Identifies the part in both reports. */
  key: string;
  /** The part's name for people. */
  label: string;
  /** The part's description when it is added or removed. */
  what: string;
  values: ReadonlyMap<string, string>;
}

/** The parts of one kind. */
export interface PartList {
  /** Such as "PCI devices". */
  title: string;
  /** Earlier agent versions do not report this kind, so an empty list means nothing. */
  maybeUntold: boolean;
  parts: Part[];
}

/** The machine itself, in words. */
export function machinePart(node: Node | undefined): Part {
  return {
    key: "machine",
    label: "machine",
    what: "",
    values: node === undefined ? new Map() : hardwareFields(NodeSchema.fields, node),
  };
}

/** All other parts of a machine, by kind. Pure. */
export function partLists(node: Node | undefined): PartList[] {
  const list = (title: string, parts: Part[], maybeUntold = false): PartList => ({ title, parts, maybeUntold });
  return [
    list("firmware and board", singles(node), true),
    list("processors", (node?.cpu ?? []).map(cpuPart)),
    list("memory slots", distinct((node?.memoryDevice ?? []).map(memoryPart)), true),
    list("NUMA nodes", (node?.numaNode ?? []).map(numaPart), true),
    list("disks", distinct((node?.blockDevice ?? []).map(diskPart))),
    list("network interfaces", distinct((node?.networkInterface ?? []).map(interfacePart))),
    list("PCI devices", distinct((node?.pciDevice ?? []).map(pciPart)), true),
  ];
}

/** The parts that a machine has one of, if present. */
function singles(node: Node | undefined): Part[] {
  const single = (
    label: string,
    schema: DescMessage,
    message: object | undefined,
    names: readonly string[],
  ): Part[] => {
    if (message === undefined) {
      return [];
    }
    const values = hardwareFields(schema.fields, message);
    const what = names.map((name) => values.get(name) ?? "").filter((text) => text !== "");
    return [{ key: label, label, what: what.length === 0 ? "no details known" : what.join(" "), values }];
  };
  return [
    ...single("firmware", FirmwareSchema, node?.firmware, ["vendor", "version"]),
    ...single("board", BoardSchema, node?.board, ["manufacturer", "product", "serial_number"]),
    ...single("chassis", ChassisSchema, node?.chassis, ["manufacturer", "kind", "serial_number"]),
    ...single("TPM", TpmSchema, node?.tpm, ["version", "manufacturer"]),
    ...single("management controller", BmcSchema, node?.bmc, ["interface", "firmware_version"]),
  ];
}

/** Two disks without a serial number may look alike: duplicates are numbered. */
function distinct(parts: readonly Part[]): Part[] {
  const seen = new Map<string, number>();
  return parts.map((part) => {
    const times = (seen.get(part.key) ?? 0) + 1;
    seen.set(part.key, times);
    return times === 1 ? part : { ...part, key: `${part.key} ${times}`, label: `${part.label} (${times})` };
  });
}

const together = (texts: readonly string[], between = " "): string => texts.filter((text) => text !== "").join(between);

function cpuPart(cpu: CPU, index: number): Part {
  const label = `processor ${index + 1}`;
  const architecture =
    cpu.architecture.case === "x8664"
      ? `family ${cpu.architecture.value.family}, model ${cpu.architecture.value.model}, stepping ${cpu.architecture.value.stepping}`
      : "";
  const what = `${cpu.model === "" ? cpu.vendor : cpu.model}, ${cpu.cores} cores`;
  return { key: label, label, what, values: hardwareFields(CPUSchema.fields, cpu, { architecture }) };
}

function memoryPart(device: MemoryDevice, index: number): Part {
  const slot = together([device.locator, device.bankLocator]) || String(index + 1);
  const what =
    device.sizeBytes === 0n
      ? "empty"
      : together([exactBytesText(device.sizeBytes, memoryText), device.kind, device.manufacturer, device.partNumber]);
  return {
    key: slot,
    label: `memory slot ${slot}`,
    what,
    values: hardwareFields(MemoryDeviceSchema.fields, device),
  };
}

function numaPart(node: NumaNode): Part {
  const label = `NUMA node ${node.number}`;
  const what = node.cpus === "" ? "no processors" : `processors ${node.cpus}`;
  return { key: label, label, what, values: hardwareFields(NumaNodeSchema.fields, node) };
}

function diskPart(disk: BlockDevice): Part {
  const name =
    [disk.serialNumber, hexText(disk.wwn), disk.name, disk.deviceModel].find((text) => text !== "") ?? "without a name";
  const what = together([disk.vendor, disk.deviceModel, exactBytesText(disk.capacityBytes, bytesText)]);
  return { key: name, label: `disk ${name}`, what, values: hardwareFields(BlockDeviceSchema.fields, disk) };
}

function interfacePart(networkInterface: NetworkInterface): Part {
  const name =
    [hexText(networkInterface.mac, ":"), networkInterface.name].find((text) => text !== "") ?? "without a name";
  const what = together([networkInterface.name, networkInterface.driver], ", ");
  return {
    key: name,
    label: `network interface ${name}`,
    what: what === "" ? name : what,
    values: hardwareFields(NetworkInterfaceSchema.fields, networkInterface),
  };
}

function pciPart(device: PciDevice): Part {
  const ids = [device.vendorId, device.deviceId].map((id) => id.toString(16).padStart(4, "0")).join(":");
  return {
    key: device.address,
    label: `PCI device ${device.address}`,
    what: `${pciClassName(device.class)} ${ids}`,
    values: hardwareFields(PciDeviceSchema.fields, device),
  };
}
