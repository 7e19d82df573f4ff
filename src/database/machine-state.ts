import type { Generation, Process, SessionId } from "./ids.ts";
import type { Phase } from "./queries/installation/progress.ts";

/** The states of a machine: the closed set of the table's CHECK. */
export const machineStates = [
  "new",
  "awaiting-agent",
  "ready",
  "install-pending",
  "installing",
  "coming-up",
  "silent",
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
  /** The session's deadline; in the past if the session is about to be deleted. */
  deadline: Date;
  /** Host and process id of the component. */
  runtimeInfo: string;
}

/** A backoff: until when, and why. */
export interface HeldBack {
  process: Process;
  until: Date;
  cause: string;
}

/** Why a machine is in quarantine. */
export interface Quarantine {
  reason: string;
  by: string;
  at: Date;
}

/** The times of a state. */
interface Standing {
  since: Date;
  /** When the machine should have left the state; absent if there is no limit. */
  deadline?: Date;
  /** When the janitor noted the missed deadline. */
  deadlineMissedAt?: Date;
}

/** The data that belong to a state; the record has everything else about the machine. */
type StateWithData =
  | { state: "awaiting-agent"; startedAt?: Date }
  | { state: "ready"; heartbeatAt?: Date }
  | { state: "install-pending"; generation?: Generation }
  | { state: "installing"; generation?: Generation; phase?: Phase; bytesDone: bigint; bytesTotal: bigint }
  | { state: "coming-up"; generation?: Generation; installedAt?: Date }
  | { state: "silent"; generation?: Generation; installedAt?: Date; silentAt?: Date }
  | { state: "installed"; generation?: Generation; installedAt?: Date }
  | { state: "install-failed"; generation?: Generation; result?: "error" | "cancelled"; retryAt?: Date }
  | { state: "agent-lost"; startedAt?: Date; heartbeatAt?: Date }
  | { state: "starting-agent"; work?: HeldWork }
  | { state: "recovering"; work?: HeldWork }
  | { state: "backing-off"; backoff?: HeldBack }
  | { state: "quarantined"; quarantine?: Quarantine };

/** The other states have no data of their own. */
type StateWithoutData = Exclude<MachineStateName, StateWithData["state"]>;

type StateData = StateWithData | { [State in StateWithoutData]: { state: State } }[StateWithoutData];

/** A machine's state with its data. */
export type MachineState = Standing & StateData;

/** Who moves a machine on from its state. */
export type MachineStateOwner = "operator" | "agent" | "shepherd" | "server";
