import type { NetbootProgress } from "../../database/queries/boot/netboot-note.ts";
import type { SurroundingClaim, SurroundingRefusal } from "../../database/queries/views/explain.ts";
import type { MachineRecord } from "../../database/queries/views/machine-record.ts";

/** All that an explanation goes by. */
export interface ExplainFacts {
  record: MachineRecord;
  /** The database's. */
  now: Date;
  /** The database takes no writes: what is known of the machine stays as it was. */
  readOnly?: boolean;
  /** When the server started that has been there longest, of those that live; absent = none lives. */
  serverSince?: Date;
  /** Whether a shepherd lives. */
  shepherd: boolean;
  /** Milliseconds of silence after which an agent is lost: since it was started, since its last heartbeat. */
  silence: { started: number; heartbeat: number };
  /** The agent took another's place: that one's key is refused. */
  agentReplaced?: boolean;
  /** Agents that say to be this machine and were not let in, the first ones; their keys' beginnings. */
  claims?: readonly SurroundingClaim[];
  /** A caller that names this machine and is refused. */
  refused?: SurroundingRefusal;
  /** How far its boots from the network came since its last agent. */
  netboot?: NetbootProgress;
  /** Why the pending request can't be handed out. */
  requestProblem?: string;
  /** Why the request's disk selector does not mean one of the machine's disks, going by its hardware report. */
  diskProblem?: string;
}

/** What is in the way. */
export type CauseKind =
  | "no-agent"
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
  | "no-power"
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
  | "pending";

/** A cause, in words. */
export interface Cause {
  kind: CauseKind;
  text: string;
}

/** The name that people would use, or the id. */
export function recordTitle({ name, machineId }: MachineRecord): string {
  return name ?? machineId;
}
