import type { DescField } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { MemoryDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { pciClassName } from "../../contract/pci-class.ts";
import { hardwareFieldKind } from "../../contract/volatile-hardware.ts";
import { efiSupportWords, protocolNames, secureBootWords } from "../../contract/words/hardware.ts";
import { wordOf } from "../../contract/words/table.ts";
import { bytesText, exactBytesText, memoryText } from "../../lib/format/bytes.ts";
import { hexText } from "../../lib/format/hex.ts";

/**
 * A message's own fields in words, by name. Left out are parts that are compared on their own, readings, and unset
 * fields.
 */
export function hardwareFields(
  fields: readonly DescField[],
  message: object,
  more: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const field of fields.filter((one) => hardwareFieldKind(one) !== "reading")) {
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

/** Fields that need more than the plain number or text. */
const special: Readonly<Record<string, (value: number) => string>> = {
  efi_support: (value) => wordOf(efiSupportWords, value) ?? "",
  secure_boot: (value) => wordOf(secureBootWords, value) ?? "",
  protocol: (value) => wordOf(protocolNames, value) ?? "",
  class: (value) => pciClassName(value),
  vendor_id: pciId,
  device_id: pciId,
  subsystem_vendor_id: pciId,
  subsystem_device_id: pciId,
  base_address: (value) => (value === 0 ? "" : `0x${value.toString(16)}`),
};

/** Memory is shown in powers of 1024, disks in powers of 1000. */
function isMemory({ name, parent }: DescField): boolean {
  return name.startsWith("memory_") || parent.name === MemoryDeviceSchema.name;
}

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
    return hexText(value);
  }
  if (typeof value === "boolean") {
    return value ? "yes" : "no";
  }
  // A 0 in a field with explicit presence is a value and is shown.
  const told = field.presence === FeatureSet_FieldPresence.EXPLICIT;
  if (typeof value === "bigint") {
    if (value === 0n && !told) {
      return "";
    }
    const isSize = field.name.endsWith("_bytes") && !field.name.includes("speed");
    return isSize ? exactBytesText(value, isMemory(field) ? memoryText : bytesText) : String(value);
  }
  if (typeof value === "number" && field.name.endsWith("_ratio") && (value !== 0 || told)) {
    // A 32-bit float: 0.02 would be 0.019999999552965164.
    return `${Math.round(value * 1_000) / 10} %`;
  }
  return typeof value === "number" && (value !== 0 || told) ? String(value) : typeof value === "string" ? value : "";
}
