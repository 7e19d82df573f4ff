import type { MachineRecord } from "../../database/queries/views/machine-record.ts";
import { requestOpen } from "../../secrets/installation-request.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";

/** The record with its request opened; a request that does not open gives a `requestProblem`, and everything else is shown anyway. */
export function recordOpened(secrets: KeyRing, record: MachineRecord): MachineRecord {
  const { machineId, installation } = record;
  if (installation === undefined) {
    return record;
  }
  const { generation, requestRaw } = installation;
  try {
    const opened = requestOpen(secrets, { machineId, generation }, requestRaw);
    return { ...record, installation: { ...installation, requestRaw: opened } };
  } catch (error) {
    const requestProblem = error instanceof Error ? error.message : String(error);
    return { ...record, installation: { ...installation, requestProblem } };
  }
}
