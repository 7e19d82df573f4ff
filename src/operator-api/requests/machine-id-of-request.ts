import { machineId, type MachineId, type RequestId } from "../../database/ids.ts";
import { uuidOfText } from "../../lib/format/uuid.ts";

/** The id of the machine that a request makes: the same request names the same machine. */
export function machineIdOfRequest(requestId: RequestId): MachineId {
  return machineId(uuidOfText(`farrier machine ${requestId}`));
}
