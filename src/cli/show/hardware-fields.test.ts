import { clearField, create, ScalarType, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { NodeSchema, type Node } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { hardwareLines } from "./hardware-lines.ts";
import { hardwareTables } from "./hardware-tables.ts";
import { table } from "./table.ts";

/** Fields that `farrier hardware show` shows in its JSON and YAML output alone. */
const notInTables: readonly string[] = [
  "BlockDevice.by_id",
  "BlockDevice.by_path",
  "BlockDevice.logical_block_size_bytes",
  "BlockDevice.numa_node",
  "BlockDevice.pci_address",
  "BlockDevice.physical_block_size_bytes",
  "BlockDevice.power_cycles",
  "BlockDevice.protocol",
  "BlockDevice.removable",
  "BlockDevice.serial_number",
  "BlockDevice.unsafe_shutdowns",
  "BlockDevice.written_bytes",
  "BlockDevice.wwn",
  "Bmc.base_address",
  "Bmc.guid",
  "Bmc.manufacturer_id",
  "Bmc.product_id",
  "Bmc.redfish_hostname",
  "CPU.microcode",
  "CPU.x86_64",
  "Chassis.version",
  "MemoryDevice.asset_tag",
  "MemoryDevice.data_width_bits",
  "MemoryDevice.persistent_bytes",
  "MemoryDevice.ranks",
  "MemoryDevice.total_width_bits",
  "NetworkInterface.bus",
  "NetworkInterface.duplex",
  "NetworkInterface.port",
  "NetworkInterface.supported_speed_bytes",
  "Node.memory_usable_ratio",
  "Node.sku_number",
  "NumaNode.distance",
  "PciDevice.link_speed_maximum",
  "PciDevice.revision",
  "PciDevice.subsystem_device_id",
  "PciDevice.subsystem_vendor_id",
  "SmartAttribute.worst",
  "X86_64.family",
  "X86_64.model",
  "X86_64.stepping",
];

/** Fields that the tables show for some values, or beside some values of other fields. */
const sometimesInTables: readonly string[] = [
  "BlockDevice.critical_warning",
  "BlockDevice.media_errors",
  "CPU.vendor",
  "MemoryDevice.configured_speed_mts",
  "MemoryDevice.size_bytes",
  "PciDevice.class",
  "PciDevice.link_width_maximum",
];

type Fields = Record<string, unknown>;

function sample(field: DescField): unknown {
  switch (field.fieldKind === "list" ? field.listKind : field.fieldKind) {
    case "enum":
      return field.enum?.values.at(-1)?.number;
    case "message":
      return field.message === undefined ? undefined : filled(field.message);
    case "scalar":
      break;
    default:
      throw new Error(`${field.name}: teach this test about maps`);
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return `a ${field.name}`;
    case ScalarType.BYTES:
      return Uint8Array.of(1, 2, 3, 4, 5, 6);
    case ScalarType.BOOL:
      return true;
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return 7_000_000_000n;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return 0.25;
    default:
      return 7;
  }
}

/** A message with every field set; of lists two elements. */
function filled(schema: DescMessage): Message {
  const message = create(schema);
  for (const field of schema.fields) {
    const value = sample(field);
    if (field.oneof !== undefined) {
      (message as unknown as Fields)[field.oneof.localName] = { case: field.localName, value };
    } else {
      (message as unknown as Fields)[field.localName] = field.fieldKind === "list" ? [value, sample(field)] : value;
    }
  }
  return message;
}

/** Clears a field wherever it is in a message. */
function clear(schema: DescMessage, message: Message, cleared: DescField): void {
  for (const field of schema.fields) {
    if (field === cleared) {
      clearField(message, field);
    } else if (field.message !== undefined) {
      const holder = (message as unknown as Fields)[(field.oneof ?? field).localName];
      const value = field.oneof === undefined ? holder : (holder as { value?: unknown }).value;
      for (const part of Array.isArray(value) ? (value as readonly Message[]) : [value as Message | undefined]) {
        if (part !== undefined) {
          clear(field.message, part, cleared);
        }
      }
    }
  }
}

function fieldsOf(schema: DescMessage, seen = new Set<DescMessage>()): DescField[] {
  if (seen.has(schema)) {
    return [];
  }
  seen.add(schema);
  return schema.fields.flatMap((field) => [
    field,
    ...(field.message === undefined ? [] : fieldsOf(field.message, seen)),
  ]);
}

const shown = (node: Node): string =>
  [hardwareLines(node), ...hardwareTables(node, [], true).map(({ header, rows }) => table(header, rows))].join("\n");

test("every field of a hardware report is shown in lines and tables, or listed here as not shown", () => {
  const full = shown(filled(NodeSchema) as Node);
  const same = fieldsOf(NodeSchema).filter((field) => {
    const node = filled(NodeSchema) as Node;
    clear(NodeSchema, node, field);
    return shown(node) === full;
  });
  expect(
    same.map((field) => `${field.parent.name}.${field.name}`).toSorted(),
    "show a new field in src/cli/show/hardware-lines.ts or hardware-tables.ts, or add it to notInTables",
  ).toEqual([...notInTables, ...sometimesInTables].toSorted());
});
