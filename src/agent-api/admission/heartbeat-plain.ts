import type { HeartbeatEntry } from "../../database/heartbeat/heartbeat-entry.ts";
import type { MachineId } from "../../database/ids.ts";
import { limits } from "../limits.ts";
import { machineIdField, machineIdParse } from "./machine-named.ts";
import { wireCursor } from "../wire.ts";

/** Field numbers of AgentHeartbeatRequest that a plain heartbeat does not have: reports, and what is new of its agent. */
const notPlain = new Set([2, 3, 101, 102]);
const runIdField = 100;

/** A heartbeat that only says "I am here"; whose key it came with is added by the caller. */
export type PlainHeartbeat = Pick<HeartbeatEntry, "machineId" | "runId">;

/**
 * A small heartbeat without reports, its fields read in place: it may go to the statement, which authenticates it. Undefined for
 * anything else, which costs a lookup before it is looked at any further.
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
    // No message: said after the lookup, if it names a machine.
    return undefined;
  }
  if (machineId === undefined || (runId !== undefined && runId.length !== 0 && runId.length !== limits.runId)) {
    return undefined;
  }
  return runId === undefined || runId.length === 0 ? { machineId } : { machineId, runId };
}
