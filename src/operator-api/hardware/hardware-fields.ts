import type { DescField } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { BlockDevice_Protocol, EFISupport, SecureBoot } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { pciClassName } from "../../lib/pci-class.ts";
import { formatBytes, hex } from "./hardware-words.ts";

/** What disks and links read at a moment: another figure is no other hardware. */
const readings: ReadonlySet<string> = new Set([
  "BlockDevice.temperature_celsius",
  "BlockDevice.power_on_hours",
  "BlockDevice.power_cycles",
  "BlockDevice.unsafe_shutdowns",
  "BlockDevice.written_bytes",
  "PciDevice.link_speed",
  "NumaNode.memory_bytes",
]);

/** A message's own fields in words, by name; parts that are compared on their own, readings, and unset fields are left out. */
export function hardwareFields(
  fields: readonly DescField[],
  message: object,
  more: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const field of fields.filter(({ name, parent }) => !readings.has(`${parent.name}.${name}`))) {
    const text = fieldWords(field, (message as Readonly<Record<string, unknown>>)[field.localName]);
    if (text !== "") {
      found.set(field.name, text);
    }
  }
  for (const [name, text] of Object.entries(more).filter(([, value]) => value !== "")) {
    found.set(name, text);
  }
  return found;
}

const efiWords: Readonly<Record<number, string>> = {
  [EFISupport.EFI_SUPPORT_UNKNOWN]: "unknown",
  [EFISupport.EFI_SUPPORT_UNSUPPORTED]: "unsupported",
  [EFISupport.EFI_SUPPORT_SUPPORTED]: "supported",
  [EFISupport.EFI_SUPPORT_ENABLED]: "enabled",
};
const secureBootWords: Readonly<Record<number, string>> = {
  [SecureBoot.UNKNOWN]: "unknown",
  [SecureBoot.UNSUPPORTED]: "unsupported",
  [SecureBoot.DISABLED]: "disabled",
  [SecureBoot.ENABLED]: "enabled",
  [SecureBoot.SETUP]: "in setup mode",
};
const protocolWords: Readonly<Record<number, string>> = {
  [BlockDevice_Protocol.SCSI]: "SCSI",
  [BlockDevice_Protocol.ATA]: "ATA",
  [BlockDevice_Protocol.NVME]: "NVMe",
  [BlockDevice_Protocol.MMC]: "MMC",
};

/** Fields that are more than a number or a text. */
const special: Readonly<Record<string, (value: number) => string>> = {
  efi_support: (value) => efiWords[value] ?? "",
  secure_boot: (value) => secureBootWords[value] ?? "",
  protocol: (value) => protocolWords[value] ?? "",
  class: (value) => pciClassName(value),
  vendor_id: pciId,
  device_id: pciId,
  subsystem_vendor_id: pciId,
  subsystem_device_id: pciId,
  base_address: (value) => (value === 0 ? "" : `0x${value.toString(16)}`),
};

function pciId(value: number): string {
  return value === 0 ? "" : value.toString(16).padStart(4, "0");
}

function fieldWords(field: DescField, value: unknown): string {
  if (
    value === undefined ||
    (field.fieldKind === "list" && field.listKind === "message") ||
    field.fieldKind === "message"
  ) {
    return "";
  }
  const words = Object.hasOwn(special, field.name) ? special[field.name] : undefined;
  if (words !== undefined) {
    return words(Number(value));
  }
  if (Array.isArray(value)) {
    return value.map(String).join(", ");
  }
  if (value instanceof Uint8Array) {
    return hex(value);
  }
  if (typeof value === "boolean") {
    return value ? "yes" : "no";
  }
  // Where it can be left out, 0 is told.
  const told = field.presence === FeatureSet_FieldPresence.EXPLICIT;
  if (typeof value === "bigint") {
    return value === 0n && !told
      ? ""
      : field.name.endsWith("_bytes") && !field.name.includes("speed")
        ? formatBytes(value)
        : String(value);
  }
  return typeof value === "number" && (value !== 0 || told) ? String(value) : typeof value === "string" ? value : "";
}
