import type { HeartbeatEntry, HeartbeatOutcome } from "../database/heartbeat/heartbeat-entry.ts";
import type { Generation, MachineId } from "../database/ids.ts";

/** Changes a request's bytes for the agent that it is handed to. It never throws. */
export type HandOut = (request: {
  machineId: MachineId;
  generation: Generation;
  raw: Uint8Array;
  /** The agent fetches from mirrors. */
  mirrors: boolean;
}) => Uint8Array;

/** The outcome with the request as this agent gets it. */
export function handedOut(
  handOut: HandOut | undefined,
  { machineId }: Pick<HeartbeatEntry, "machineId">,
  outcome: HeartbeatOutcome & { status: "ok" },
): HeartbeatOutcome & { status: "ok" } {
  const { request } = outcome;
  return request === undefined || handOut === undefined
    ? outcome
    : { ...outcome, request: { ...request, raw: handOut({ machineId, ...request }) } };
}
