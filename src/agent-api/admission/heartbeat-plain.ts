import type { HeartbeatEntry } from "../../database/heartbeat/heartbeat-entry.ts";
import type { MachineId } from "../../database/ids.ts";
import { limits } from "../limits.ts";
import { machineIdField, machineIdParse } from "./machine-named.ts";
import { wireCursor } from "../wire.ts";

/** Field numbers of AgentHeartbeatRequest that a plain heartbeat lacks: reports, and changes of the agent. */
const notPlain = new Set([2, 3, 101, 102]);
const runIdField = 100;

/** A heartbeat without any report; the caller adds the connection's key. */
export type PlainHeartbeat = Pick<HeartbeatEntry, "machineId" | "runId">;

/**
 * Reads a small heartbeat without reports in place. It may go straight to the statement, which authenticates it.
 * Undefined for any other heartbeat, which needs a lookup before anything more is read.
 */
export function heartbeatPlain(message: Buffer): PlainHeartbeat | undefined {
  if (message.length > limits.plainHeartbeat) {
    return undefined;
  }
  let machineId: MachineId | undefined;
  let runId: Buffer | undefined;
  try {
    const cursor = wireCursor(message);
    while (cursor.next()) {
      if (cursor.number === machineIdField && machineId === undefined) {
        machineId = machineIdParse(message, cursor.from, cursor.to);
      } else if (cursor.number === machineIdField || notPlain.has(cursor.number)) {
        return undefined;
      } else if (cursor.number === runIdField) {
        runId = message.subarray(cursor.from, cursor.to);
      }
    }
  } catch {
    // Not a message: reported after the lookup, if it names a machine.
    return undefined;
  }
  if (machineId === undefined || (runId !== undefined && runId.length !== 0 && runId.length !== limits.runId)) {
    return undefined;
  }
  return runId === undefined || runId.length === 0 ? { machineId } : { machineId, runId };
}
