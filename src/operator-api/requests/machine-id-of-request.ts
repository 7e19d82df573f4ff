import { machineId, type MachineId, type RequestId } from "../../database/ids.ts";
import { uuidOfText } from "../../lib/format/uuid.ts";

/** Derives the id of a new machine from the request id, so that a repeated request names the same machine. */
export function machineIdOfRequest(requestId: RequestId): MachineId {
  return machineId(uuidOfText(`farrier machine ${requestId}`));
}
