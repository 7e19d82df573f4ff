import type { Generation, Process, SessionId } from "./ids.ts";
import type { Phase } from "./queries/installation/progress.ts";

/** The states of a machine: the closed set that the table's CHECK holds. */
export const machineStates = [
  "new",
  "awaiting-agent",
  "ready",
  "install-pending",
  "installing",
  "installed",
  "install-failed",
  "agent-lost",
  "starting-agent",
  "recovering",
  "backing-off",
  "quarantined",
] as const;
export type MachineStateName = (typeof machineStates)[number];

/** Work that a session holds on a machine. */
export interface HeldWork {
  process: Process;
  sessionId: SessionId;
  startedAt: Date;
  /** The session's; past = it is about to be collected. */
  deadline: Date;
  /** Host and process id of the component. */
  runtimeInfo: string;
}

/** "Not before", and why. */
export interface HeldBack {
  process: Process;
  until: Date;
  cause: string;
}

/** Why a machine is left alone. */
export interface Quarantine {
  reason: string;
  by: string;
  at: Date;
}

/** The time in a state. */
interface Standing {
  since: Date;
  /** Until when it is expected to be in it at most; absent = it may stay. */
  deadline?: Date;
  /** When the janitor noted that the deadline was missed. */
  deadlineMissedAt?: Date;
}

/** What belongs to a state; the rest of what is known of a machine is in its record. */
type StateData =
  | { state: "new" }
  | { state: "awaiting-agent"; startedAt?: Date }
  | { state: "ready"; heartbeatAt?: Date }
  | { state: "install-pending"; generation?: Generation }
  | { state: "installing"; generation?: Generation; phase?: Phase; bytesDone: bigint; bytesTotal: bigint }
  | { state: "installed"; generation?: Generation; installedAt?: Date }
  | { state: "install-failed"; generation?: Generation; result?: "error" | "cancelled"; retryAt?: Date }
  | { state: "agent-lost"; startedAt?: Date; heartbeatAt?: Date }
  | { state: "starting-agent"; work?: HeldWork }
  | { state: "recovering"; work?: HeldWork }
  | { state: "backing-off"; backoff?: HeldBack }
  | { state: "quarantined"; quarantine?: Quarantine };

/** A machine's state, with what belongs to it. */
export type MachineState = Standing & StateData;

/** Who moves a machine on from its state. */
export type MachineStateOwner = "operator" | "agent" | "shepherd" | "server";
