import { isUuid } from "../../lib/format/uuid.ts";
import { machineId, type MachineId } from "../../database/ids.ts";
import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";

/** The machine and the run that a message names, checked; a run may be absent. */
export function runNamed(named: {
  machineId: string;
  runId: Uint8Array;
}): { machineId: MachineId; runId?: Uint8Array } | Refusal {
  if (!isUuid(named.machineId)) {
    return invalid("machine_id invalid");
  }
  const { length } = named.runId;
  if (length !== 0 && length !== limits.runId) {
    return invalid(`run_id has ${length} bytes: expected ${limits.runId}, or none`);
  }
  return { machineId: machineId(named.machineId), ...(length === 0 ? {} : { runId: named.runId }) };
}
