import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import type { WireKind } from "../wire.ts";

/** The rule of a field: its wire type and content. */
export interface FieldRule {
  /** As in the .proto file. */
  name: string;
  /** The wire type of one value. */
  kind: WireKind;
  /** True for a list of at most `limit` entries; false for a single value, which may be repeated `limit` times. */
  list: boolean;
  limit: number;
  /** Text, which must not contain NUL bytes. */
  text: boolean;
  /** For a message field: the rules of its fields, computed on demand. */
  message?: () => MessageRule;
}

/** The fields of a message type by their numbers. */
export type MessageRule = ReadonlyMap<number, FieldRule>;

/** Maximum repetitions of a field that is not a list: protobuf allows any number, and merges them. */
export const repetitionLimit = 16;

/**
 * Maximum entries of lists, by the field's full name: generous for any hardware. A list without an entry here is
 * bounded only by the limit on all elements of a message.
 */
export const listLimits: Record<string, number> = {
  "cloud.bmaas.server.api.AgentHeartbeatRequest.feature": 32,
  "farrier.agent.v1.EnrollRequest.feature": 32,
  "cloud.bmaas.server.api.AgentHardwareReport.warning": 64,
  // Sockets; drives behind expanders; ports and virtual functions; DIMM slots.
  "cloud.agent.api.Node.cpu": 256,
  "cloud.agent.api.Node.block_device": 1_024,
  "cloud.agent.api.Node.network_interface": 512,
  "cloud.agent.api.Node.memory_device": 1_024,
  "cloud.agent.api.Node.numa_node": 256,
  "cloud.agent.api.Node.pci_device": 2_048,
  "cloud.agent.api.NumaNode.distance": 256,
  "cloud.agent.api.BlockDevice.by_path": 64,
  "cloud.agent.api.BlockDevice.by_id": 64,
  "cloud.agent.api.BlockDevice.smart_attribute": 32,
  "cloud.agent.api.NetworkInterface.supported_speed_bytes": 64,
};

/** Texts from firmware that are not stored: accepted as they are, and ignored if they are not UUIDs. */
const rawTexts = new Set(["farrier.agent.v1.EnrollRequest.smbios_uuid"]);

const rules = new WeakMap<DescMessage, MessageRule>();

/** The rules of a message type, computed once. */
export function messageRule(schema: DescMessage): MessageRule {
  const known = rules.get(schema);
  if (known !== undefined) {
    return known;
  }
  const made: MessageRule = new Map(schema.fields.map((field) => [field.number, fieldRule(schema, field)]));
  rules.set(schema, made);
  return made;
}

function fieldRule(schema: DescMessage, field: DescField): FieldRule {
  const { name, message } = field;
  const list = field.fieldKind === "list" || field.fieldKind === "map";
  const limit = list ? (listLimits[`${schema.typeName}.${name}`] ?? Infinity) : repetitionLimit;
  if (field.fieldKind === "map") {
    // A map's entries are messages. No request from agents has a map; its entries would be counted but not checked.
    return { name, list, limit, kind: "bytes", text: false };
  }
  const text = field.scalar === ScalarType.STRING && !rawTexts.has(`${schema.typeName}.${name}`);
  return message === undefined
    ? { name, list, limit, kind: scalarKind(field.scalar), text }
    : { name, list, limit, kind: "bytes", text: false, message: () => messageRule(message) };
}

/** Undefined stands for an enum. */
function scalarKind(scalar: ScalarType | undefined): WireKind {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "bytes";
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "fixed64";
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return "fixed32";
    default:
      return "varint";
  }
}
