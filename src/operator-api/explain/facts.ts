import type { NetbootProgress } from "../../database/queries/boot/netboot-note.ts";
import type {
  SurroundingClaim,
  SurroundingDoubt,
  SurroundingOverride,
  SurroundingRefusal,
  SurroundingRollout,
  SurroundingStart,
  SurroundingStartFailure,
  SurroundingWanted,
} from "../../database/queries/views/explain.ts";
import type { MachineRecord } from "../../database/queries/views/machine-record.ts";

/** Everything that an explanation is made from. */
export interface ExplainFacts {
  record: MachineRecord;
  /** The database's time. */
  now: Date;
  /** The database accepts no writes: the machine's record does not change. */
  readOnly?: boolean;
  /** When the oldest live server started; absent if no server is alive. */
  serverSince?: Date;
  /** Whether a shepherd is alive. */
  shepherd: boolean;
  /**
   * Milliseconds of silence after which an agent is lost: `started` counts from its start, `heartbeat` from its last
   * heartbeat.
   */
  silence: { started: number; heartbeat: number };
  /** The agent replaced another one, whose key is now refused. */
  agentReplaced?: boolean;
  /** The first agents that claim to be this machine and are not approved, with the beginnings of their keys. */
  claims?: readonly SurroundingClaim[];
  /** A refused caller that names this machine. */
  refused?: SurroundingRefusal;
  /** How far the machine's network boots have come since its last agent. */
  netboot?: NetbootProgress;
  /** The latest start of an agent on it. */
  start?: SurroundingStart;
  /** A boot override in its controller that could not be removed yet. */
  bootOverride?: SurroundingOverride;
  /** Means by which starts have failed since its last agent, the latest last. */
  startFailures?: readonly SurroundingStartFailure[];
  /** Its provider's list is not believed. */
  doubt?: SurroundingDoubt;
  /** The controller that its provider names, which is not its own yet. */
  controllerWanted?: SurroundingWanted;
  /** The last lines of its agent's log, of a machine whose installed system is silent. */
  logTail?: readonly { at: Date; text: string }[];
  /** The rollout that holds it, or in which its newest installation failed. */
  rollout?: SurroundingRollout;
  /** Why the pending request can't be handed out. */
  requestProblem?: string;
  /** Why the request's disk selector matches none of the machine's disks, according to its hardware report. */
  diskProblem?: string;
}

/** The kinds of causes. */
export type CauseKind =
  | "no-agent"
  | "system-silent"
  | "report-not-expected"
  | "agent-never-heard"
  | "agent-silent"
  | "installation-error"
  | "wrong-digest"
  | "disk-selector"
  | "runs-exhausted"
  | "cancelled"
  | "backoff"
  | "session-lost"
  | "request-unreadable"
  | "quarantine"
  | "no-server"
  | "no-shepherd"
  | "provider-unreachable"
  | "machine-vanished"
  | "provider-held"
  | "controller-wanted"
  | "no-power"
  | "controller-failing"
  | "left-running"
  | "agent-start"
  | "boot-override"
  | "unhealthy"
  | "progress-stalled"
  | "retry-waiting"
  | "retries-exhausted"
  | "deadline-missed"
  | "boot-window"
  | "enrollment-waiting"
  | "caller-refused"
  | "second-claimant"
  | "trying-again"
  | "duplicate-agent"
  | "disk-unfinished"
  | "database-read-only"
  | "rollout"
  | "pending";

/** A cause, in words. */
export interface Cause {
  kind: CauseKind;
  text: string;
}

/** The machine's name, or its id if it has no name. */
export function recordTitle({ name, machineId }: MachineRecord): string {
  return name ?? machineId;
}
