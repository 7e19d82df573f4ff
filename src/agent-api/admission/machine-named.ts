import { isUuid } from "../../lib/format/uuid.ts";
import { machineId, type MachineId } from "../../database/ids.ts";
import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";
import { wireCursor } from "../wire.ts";

/** Field number of machine_id, the same in every request that names a machine. */
export const machineIdField = 1;

/**
 * Reads in place the machine that a request names, before anything else of the message: the first machine_id among the
 * first 4,096 fields. INVALID_ARGUMENT if that is not a UUID.
 */
export function machineNamed(message: Buffer): MachineId | Refusal {
  const cursor = wireCursor(message);
  try {
    for (let fields = 0; fields < limits.elements && cursor.next(); fields += 1) {
      if (cursor.number === machineIdField && cursor.kind === "bytes") {
        return machineIdParse(message, cursor.from, cursor.to) ?? invalid("machine_id invalid");
      }
    }
  } catch {
    // Whatever the bytes are, the answer is that they are not a message.
    return invalid("the request is not a protobuf message");
  }
  return invalid("machine_id invalid");
}

/** Parses the UUID in those bytes, in lower case; undefined if they are not a UUID. */
export function machineIdParse(message: Buffer, from: number, to: number): MachineId | undefined {
  if (to - from !== 36) {
    return undefined;
  }
  const text = message.toString("latin1", from, to);
  return isUuid(text) ? machineId(text) : undefined;
}
