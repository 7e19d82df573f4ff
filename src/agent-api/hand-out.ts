import type { HeartbeatEntry, HeartbeatOutcome } from "../database/heartbeat/heartbeat-entry.ts";
import type { AgentKey, Generation, MachineId } from "../database/ids.ts";

/** Changes a request's bytes for the agent that it is handed to. It never rejects. */
export type HandOut = (request: {
  machineId: MachineId;
  publicKey: AgentKey;
  generation: Generation;
  raw: Uint8Array;
}) => Promise<Uint8Array>;

/** The outcome with the request as this agent gets it. */
export async function handedOut(
  handOut: HandOut | undefined,
  { machineId, publicKey }: Pick<HeartbeatEntry, "machineId" | "publicKey">,
  outcome: HeartbeatOutcome & { status: "ok" },
): Promise<HeartbeatOutcome & { status: "ok" }> {
  const { request } = outcome;
  return request === undefined || handOut === undefined
    ? outcome
    : { ...outcome, request: { ...request, raw: await handOut({ machineId, publicKey, ...request }) } };
}
