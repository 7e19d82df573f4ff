import type { BlockDevice, NetworkInterface, Node, PciDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { HardwareDisk } from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { isGraphics, pciClassName } from "../../contract/pci-class.ts";
import { diskHealthWords } from "../../contract/words/disk-health-words.ts";
import { bytesText, memoryText } from "../../lib/format/bytes.ts";
import { hexText } from "../../lib/format/hex.ts";
import type { Column } from "./table.ts";

/** A table: its titles and rows. */
export interface Rows {
  header: readonly (string | Column)[];
  rows: string[][];
}

const orDash = (text: string): string => (text === "" ? "-" : text);
const hex = (value: number): string => value.toString(16).padStart(4, "0");
const node = (number: number | undefined): string => (number === undefined ? "-" : String(number));

/** What a machine has several of, a table each; `wide` shows all PCI devices, otherwise those that people look for. */
export function hardwareTables(found: Node, disks: readonly HardwareDisk[], wide: boolean): Rows[] {
  const shown = found.pciDevice.filter((device) => wide || isGraphics(device.class));
  return [
    memoryTable(found),
    diskTable(found.blockDevice, disks),
    interfaceTable(found.networkInterface),
    pciTable(shown),
  ].filter(({ rows }) => rows.length > 0);
}

function memoryTable({ memoryDevice }: Node): Rows {
  return {
    header: ["SLOT", "SIZE", "KIND", "SPEED", "MANUFACTURER", "PART", "SERIAL"],
    rows: memoryDevice.map((device) => [
      orDash([device.locator, device.bankLocator].filter((text) => text !== "").join(" ")),
      device.sizeUnknown ? "unknown" : device.sizeBytes === 0n ? "empty" : memoryText(device.sizeBytes),
      orDash([device.technology, device.kind, device.formFactor].filter((text) => text !== "").join(" ")),
      device.speedMts === 0 ? "-" : `${device.configuredSpeedMts || device.speedMts} MT/s`,
      ...[device.manufacturer, device.partNumber, device.serialNumber].map(orDash),
    ]),
  };
}

function bus({ transport, rotational }: BlockDevice): string {
  // A virtual disk does not report it, and the kernel then assumes a rotating disk.
  const rotates = rotational && transport !== "virtio";
  return [transport, rotates ? "rotating" : ""].filter((text) => text !== "").join(" ");
}

function diskTable(devices: readonly BlockDevice[], disks: readonly HardwareDisk[]): Rows {
  return {
    header: ["DISK", "SIZE", "BUS", "MODEL", "FIRMWARE", "HEALTH", { title: "SELECTOR", whole: true }],
    rows: devices.map((device, index) => [
      orDash(device.name),
      bytesText(device.capacityBytes),
      orDash(bus(device)),
      orDash([device.vendor, device.deviceModel].filter((text) => text !== "" && text !== "ATA").join(" ")),
      orDash(device.firmwareVersion),
      diskHealthWords(device),
      // As the command line takes it.
      orDash((disks[index]?.selectors[0] ?? "").replaceAll(",", "\\,")),
    ]),
  };
}

function interfaceTable(interfaces: readonly NetworkInterface[]): Rows {
  return {
    header: ["INTERFACE", { title: "MAC", whole: true }, "DRIVER", "LINK", "PCI", "NUMA"],
    rows: interfaces.map((port) => [
      orDash(port.name),
      hexText(port.mac, ":"),
      orDash(port.driver),
      port.linkUp ? (port.currentSpeedBytes === 0n ? "up" : `up, ${bits(port.currentSpeedBytes)}`) : "down",
      orDash(port.pciAddress),
      node(port.numaNode),
    ]),
  };
}

/** Links are counted in bits. */
function bits(bytesPerSecond: bigint): string {
  const megabits = Number(bytesPerSecond * 8n) / 1_000_000;
  return megabits >= 1000 ? `${megabits / 1000} Gbit/s` : `${megabits} Mbit/s`;
}

function pciTable(devices: readonly PciDevice[]): Rows {
  return {
    header: [{ title: "PCI", whole: true }, "CLASS", { title: "ID", whole: true }, "DRIVER", "LINK", "MEMORY", "NUMA"],
    rows: devices.map((device) => [
      device.address,
      pciClassName(device.class),
      `${hex(device.vendorId)}:${hex(device.deviceId)}`,
      orDash(device.driver),
      link(device),
      device.memoryBytes === 0n ? "-" : memoryText(device.memoryBytes),
      node(device.numaNode),
    ]),
  };
}

/** "x8 of x16 at 8.0 GT/s": what is less than it could be is what people look for. */
function link({ linkWidth, linkWidthMaximum, linkSpeed }: PciDevice): string {
  if (linkWidth === 0) {
    return "-";
  }
  const width = linkWidth < linkWidthMaximum ? `x${linkWidth} of x${linkWidthMaximum}` : `x${linkWidth}`;
  return linkSpeed === "" ? width : `${width} at ${linkSpeed.replace(/ PCIe$/u, "")}`;
}
