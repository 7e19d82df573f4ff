import type { DescField } from "@bufbuild/protobuf";
import {
  BlockDeviceSchema,
  CPUSchema,
  EFISupport,
  BlockDevice_Protocol,
  NetworkInterfaceSchema,
  NodeSchema,
  type BlockDevice,
  type CPU,
  type NetworkInterface,
  type Node,
} from "../../gen/cloud/agent/api/hardware_pb.ts";
import type { AgentHardwareReport } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { formatBytes, hex } from "./hardware-words.ts";

/** One difference between two hardware reports. */
export interface HardwareChange {
  kind: "added" | "removed" | "changed";
  /** Such as: disk S3EVNX0K123456. */
  part: string;
  /** The field's name in the report; "" where a whole part came or went. */
  field: string;
  before: string;
  after: string;
  /** All of it in a sentence. */
  text: string;
}

/** A part of a machine that can be told from its like. */
interface Part {
  /** What makes it the same part in both reports. */
  key: string;
  /** For people. */
  label: string;
  /** What it is, when it comes or goes. */
  what: string;
  values: ReadonlyMap<string, string>;
}

/**
 * What changed from one report to the other. Disks are told apart by serial number, WWN or name, network interfaces by
 * their address, processors by their place; what is neither there before nor after is left out. Pure.
 */
export function hardwareDiff(before: AgentHardwareReport, after: AgentHardwareReport): HardwareChange[] {
  const [one, other] = [before.report, after.report];
  return [
    ...partChanges(machinePart(one), machinePart(other)),
    ...listChanges((one?.cpu ?? []).map(cpuPart), (other?.cpu ?? []).map(cpuPart)),
    ...listChanges(
      distinct((one?.blockDevice ?? []).map(diskPart)),
      distinct((other?.blockDevice ?? []).map(diskPart)),
    ),
    ...listChanges(
      distinct((one?.networkInterface ?? []).map(interfacePart)),
      distinct((other?.networkInterface ?? []).map(interfacePart)),
    ),
    ...warningChanges(before.warning, after.warning),
  ];
}

function listChanges(before: readonly Part[], after: readonly Part[]): HardwareChange[] {
  const earlier = new Map(before.map((part) => [part.key, part]));
  const later = new Set(after.map((part) => part.key));
  return [
    ...before
      .filter(({ key }) => !later.has(key))
      .map((part): HardwareChange => whole("removed", part, `${part.label} is gone (${part.what})`)),
    ...after.flatMap((part) => {
      const was = earlier.get(part.key);
      return was === undefined ? [whole("added", part, `${part.label} is new (${part.what})`)] : partChanges(was, part);
    }),
  ];
}

function whole(kind: "added" | "removed", part: Part, text: string): HardwareChange {
  const [before, after] = kind === "added" ? ["", part.what] : [part.what, ""];
  return { kind, part: part.label, field: "", before, after, text };
}

function partChanges(before: Part, after: Part): HardwareChange[] {
  const fields = [...new Set([...before.values.keys(), ...after.values.keys()])];
  return fields.flatMap((field): HardwareChange[] => {
    const [was, is] = [before.values.get(field) ?? "", after.values.get(field) ?? ""];
    if (was === is) {
      return [];
    }
    const text = `${after.label}: ${field.replaceAll("_", " ")} was ${was === "" ? "not given" : was}, is ${is === "" ? "not given" : is}`;
    return [{ kind: "changed", part: after.label, field, before: was, after: is, text }];
  });
}

function warningChanges(before: readonly string[], after: readonly string[]): HardwareChange[] {
  const change = (kind: "added" | "removed", warning: string): HardwareChange => ({
    kind,
    part: "warning",
    field: "",
    before: kind === "removed" ? warning : "",
    after: kind === "added" ? warning : "",
    text: `${kind === "added" ? "the agent warns" : "the agent no longer warns"}: ${warning}`,
  });
  return [
    ...before.filter((warning) => !after.includes(warning)).map((warning) => change("removed", warning)),
    ...after.filter((warning) => !before.includes(warning)).map((warning) => change("added", warning)),
  ];
}

/** Two disks without a serial number may look alike: the second of a kind is another part. */
function distinct(parts: readonly Part[]): Part[] {
  const seen = new Map<string, number>();
  return parts.map((part) => {
    const times = (seen.get(part.key) ?? 0) + 1;
    seen.set(part.key, times);
    return times === 1 ? part : { ...part, key: `${part.key} ${times}`, label: `${part.label} (${times})` };
  });
}

function machinePart(node: Node | undefined): Part {
  return {
    key: "machine",
    label: "machine",
    what: "",
    values: node === undefined ? new Map() : values(NodeSchema.fields, node),
  };
}

function cpuPart(cpu: CPU, index: number): Part {
  const label = `processor ${index + 1}`;
  const architecture =
    cpu.architecture.case === "x8664"
      ? `family ${cpu.architecture.value.family}, model ${cpu.architecture.value.model}, stepping ${cpu.architecture.value.stepping}`
      : "";
  const what = `${cpu.model === "" ? cpu.vendor : cpu.model}, ${cpu.cores} cores`;
  return { key: label, label, what, values: values(CPUSchema.fields, cpu, { architecture }) };
}

function diskPart(disk: BlockDevice): Part {
  const name =
    [disk.serialNumber, hex(disk.wwn), disk.name, disk.deviceModel].find((text) => text !== "") ?? "without a name";
  const what = [disk.vendor, disk.deviceModel, formatBytes(disk.capacityBytes)].filter((text) => text !== "").join(" ");
  return { key: name, label: `disk ${name}`, what, values: values(BlockDeviceSchema.fields, disk) };
}

function interfacePart(networkInterface: NetworkInterface): Part {
  const name = [hex(networkInterface.mac, ":"), networkInterface.name].find((text) => text !== "") ?? "without a name";
  const what = [networkInterface.name, networkInterface.driver].filter((text) => text !== "").join(", ");
  return {
    key: name,
    label: `network interface ${name}`,
    what: what === "" ? name : what,
    values: values(NetworkInterfaceSchema.fields, networkInterface),
  };
}

/** A message's own fields in words, by name; parts that are compared on their own, and unset fields, are left out. */
function values(
  fields: readonly DescField[],
  message: object,
  more: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const field of fields) {
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
const protocolWords: Readonly<Record<number, string>> = {
  [BlockDevice_Protocol.SCSI]: "SCSI",
  [BlockDevice_Protocol.ATA]: "ATA",
  [BlockDevice_Protocol.NVME]: "NVMe",
  [BlockDevice_Protocol.MMC]: "MMC",
};

function fieldWords(field: DescField, value: unknown): string {
  if (
    value === undefined ||
    (field.fieldKind === "list" && field.listKind === "message") ||
    field.fieldKind === "message"
  ) {
    return "";
  }
  if (field.name === "efi_support") {
    return efiWords[Number(value)] ?? "";
  }
  if (field.name === "protocol") {
    return protocolWords[Number(value)] ?? "";
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
  if (typeof value === "bigint") {
    return value === 0n
      ? ""
      : field.name.endsWith("_bytes") && !field.name.includes("speed")
        ? formatBytes(value)
        : String(value);
  }
  return typeof value === "number" && value !== 0 ? String(value) : typeof value === "string" ? value : "";
}
