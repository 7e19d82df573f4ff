import { isUuid } from "../../lib/format/uuid.ts";
import { machineId, type MachineId } from "../../database/ids.ts";
import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";
import { wireCursor } from "../wire.ts";

/** Field number of machine_id: the same in every request that names a machine. */
export const machineIdField = 1;

/**
 * The machine that a request names, read in place before anything else of the message is: the first machine_id among its
 * first 4,096 fields. INVALID_ARGUMENT where that is no UUID.
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
    // Whatever the bytes are, the answer is that they are no message.
    return invalid("the request is not a protobuf message");
  }
  return invalid("machine_id invalid");
}

/** The UUID in those bytes, in lower case; undefined where they are none. */
export function machineIdParse(message: Buffer, from: number, to: number): MachineId | undefined {
  if (to - from !== 36) {
    return undefined;
  }
  const text = message.toString("latin1", from, to);
  return isUuid(text) ? machineId(text) : undefined;
}
