import type { Generation, MachineId, Process } from "../../ids.ts";
import type { MachineIdentity } from "../../machine-identity.ts";
import type { HeldBack, HeldWork, MachineState, Quarantine } from "../../machine-state.ts";
import type { BootWindow } from "../boot/boot-window-state.ts";
import type { HealthRecord } from "../controller/health.ts";
import type { PowerRecord } from "../controller/power.ts";
import type { Phase } from "../installation/progress.ts";

/** Where a machine comes from. */
export interface Provided {
  provider: string;
  /** The provider's id of it; unique within the provider. */
  providerId: string;
  reservationId?: string;
  address?: string;
  location?: string;
  status?: string;
}

/** What is known about a machine's provider, and about the machine at the provider. */
export interface Providing {
  /** It has a power switch, by which shepherds start agents. */
  power: boolean;
  /** Since when and why it could not be listed. */
  unreachable?: { since: Date; cause: string };
  /** Since when it no longer lists the machine. */
  vanishedAt?: Date;
}

/** What switches the machine, if it has a management controller. */
export interface Controlled {
  url: string;
  /** The name of its credential. */
  credential: string;
  /** Why it can't be used, and since when. */
  failure?: { since: Date; code: string; cause: string };
}

/** A running system by which the machine can be taken over. */
export interface ReachedBySsh {
  user: string;
  host: string;
  port: number;
  /** The credential's name. */
  credential: string;
  /** Absent = the key that the host shows at the first contact is accepted. */
  hostKey?: string;
}

/** The final result of a generation. */
export type FinalResult = "success" | "error" | "cancelled";

/** What is left of a request's retry budget. */
export interface RetryLeft {
  attempts: number;
  attemptsLeft: number;
  /** When the next generation is made; absent if the newest one has not failed. */
  nextAt?: Date;
}

/** A machine's newest installation request, with its result. */
export interface InstallationRecord {
  generation: Generation;
  /** The serialised OSInstallationRequest, sealed as it is stored until `src/secrets` has opened it. */
  requestRaw: Uint8Array;
  /** Why the request could not be opened. */
  requestProblem?: string;
  requestedAt: Date;
  pending: boolean;
  /** The number of agent runs that it was handed to. */
  runs: number;
  /** `reportRaw`: the agent's serialised OSInstallationReport, if it is an error. */
  final?: { result: FinalResult; error?: string; reportRaw?: Uint8Array; at: Date; by: string };
  progress?: {
    phase: Phase;
    bytesDone: bigint;
    bytesTotal: bigint;
    detail: string;
    at: Date;
    writingSince?: Date;
    /** Why the agent is retrying; "" if it is not. */
    lastError?: string;
    givesUpAt?: Date;
    bytesPerSecond?: number;
  };
  /** The run that writes, and the latest run that was refused because of it, by the beginnings of their ids. */
  writer?: { run: string; heardAt: Date; rival?: { run: string; key: string; at: Date } };
  retry?: RetryLeft;
}

/** What an installed system reported of itself, once. */
export interface CameUpReport {
  generation: Generation;
  heardAt: Date;
  /** Whether the report came by TLS. */
  over: "tls" | "clear";
  from: string;
  hostName: string;
  addresses: string[];
  /** Type and key. */
  sshHostKeys: string[];
  bootedAt?: Date;
}

/** Whether the installed system is expected to report, and the newest report, which may be of an earlier one. */
export interface CameUpRecord {
  expected?: {
    generation: Generation;
    withinSeconds: number;
    deadline?: Date;
    silentAt?: Date;
    /** Why it is not waited for. */
    unasked?: "listener" | "agent";
  };
  report?: CameUpReport;
}

/** Everything that the database knows about a machine, in one row. */
export interface MachineRecord {
  machineId: MachineId;
  name?: string;
  labels: Record<string, string>;
  createdAt: Date;
  /** 0 if nothing was ever requested. */
  lastGeneration: bigint;
  provided?: Provided;
  providing?: Providing;
  controller?: Controlled;
  ssh?: ReachedBySsh;
  /** Its network as netplan's YAML; absent = DHCP. */
  networkConfig?: string;
  /** Whether it has power, as it was last read. */
  power?: PowerRecord;
  /** It was found running, and nobody has allowed to stop what runs on it. */
  leftRunning?: boolean;
  /** Its health, as its controller last told it; without events. */
  health?: HealthRecord;
  agent?: {
    startedAt: Date;
    publicKey: Uint8Array;
    heartbeatAt?: Date;
    /** What it can do beyond version 1 of the contract. */
    features?: string[];
    /** When a call last showed that two live agents have its key. */
    duplicateAt?: Date;
  };
  installation?: InstallationRecord;
  installed?: { generation: Generation; digest?: string; at: Date };
  /** The generation that last began to write to the disk, unless a success has followed. */
  cameUp?: CameUpRecord;
  unfinishedDisk?: { generation: Generation; begunAt: Date };
  quarantine?: Quarantine;
  work: HeldWork[];
  backoffs: HeldBack[];
  /** The process that may take the machine, once no session holds it and its backoff is over. */
  candidate?: Process;
  hardwareReportedAt?: Date;
  /** What identifies it at network boot. */
  identity: MachineIdentity;
  bootWindow?: BootWindow;
  state: MachineState;
}
