import { createHash } from "node:crypto";
import { clone, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { MachineId } from "../database/ids.ts";

/**
 * SHA-256 of what a command asks for: the message without its request id, with the machine named by its id, so that the
 * same command under a name and under an id is the same. Maps are written in the order of their keys.
 */
export function bodyDigest<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  machineId?: MachineId,
): Uint8Array {
  const body = clone(schema, message) as MessageShape<Desc> & Record<string, unknown>;
  for (const field of schema.fields) {
    if (field.name === "request_id") {
      Object.assign(body, { [field.localName]: "" });
    } else if (field.name === "machine" && machineId !== undefined) {
      Object.assign(body, { [field.localName]: machineId });
    } else if (field.fieldKind === "map") {
      const map = Object.entries(body[field.localName] as Record<string, unknown>);
      map.sort(([one], [other]) => (one < other ? -1 : 1));
      Object.assign(body, { [field.localName]: Object.fromEntries(map) });
    }
  }
  return createHash("sha256").update(toBinary(schema, body)).digest();
}
