import { createHash } from "node:crypto";
import { create, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { MachineId } from "../../database/ids.ts";

/** Not part of the command's content: its request id, and the condition under which it may be carried out. */
const leftOut = new Set(["request_id", "replace_generation"]);

/**
 * SHA-256 of a command's content. The machine is named by its id, so the command has the same digest under the
 * machine's name and id, and when it is repeated while its own generation is pending. Map entries are sorted by key.
 */
export function bodyDigest<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  machineId?: MachineId,
): Uint8Array {
  const body = create(schema);
  for (const field of schema.fields) {
    if (leftOut.has(field.name)) {
      continue;
    }
    const value = (message as Record<string, unknown>)[field.localName];
    if (field.name === "machine" && machineId !== undefined && value !== "") {
      Object.assign(body, { [field.localName]: machineId });
    } else if (field.fieldKind === "map") {
      const entries = Object.entries(value as Record<string, unknown>);
      entries.sort(([one], [other]) => (one < other ? -1 : 1));
      Object.assign(body, { [field.localName]: Object.fromEntries(entries) });
    } else {
      Object.assign(body, { [field.localName]: value });
    }
  }
  return createHash("sha256").update(toBinary(schema, body)).digest();
}
