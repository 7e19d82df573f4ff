import type { AgentKey, Generation, MachineId } from "../ids.ts";

/** What an agent says of a generation that it carried out. */
export interface InstallationReport {
  /** 0 or more; not every number was asked for. */
  generation: bigint;
  result: "success" | "error";
  /** Why, where it is an error. No NUL bytes. */
  error?: string;
  /** The message as it was received. */
  raw: Uint8Array;
  /** The run that carried it out, 16 bytes; absent: the one that calls. */
  runId?: Uint8Array;
}

/** One agent's call, checked: nothing in it can make a statement raise. */
export interface HeartbeatEntry {
  machineId: MachineId;
  publicKey: AgentKey;
  /** 16 bytes; absent: an agent of the original, whose key counts as its run. */
  runId?: Uint8Array;
  hardware?: {
    /** SHA-256 of the report without its volatile fields. */
    fingerprint: Uint8Array;
    /** Serialised AgentHardwareReport as it was received. */
    raw: Uint8Array;
  };
  report?: InstallationReport;
  /** 16 bytes: an earlier run of this host that is dead. */
  endedRunId?: Uint8Array;
  /** What the agent can do beyond version 1. */
  features?: readonly string[];
  /** Tells the caller's connection from others of the same key, for agents without run ids; 0 or absent = not known. */
  connection?: bigint;
}

/** What came of a heartbeat. */
export type HeartbeatOutcome =
  | {
      status: "ok";
      /** The pending request, where this run may have it. */
      request?: { generation: Generation; raw: Uint8Array };
      /** This generation is called off. */
      cancelledGeneration?: Generation;
      /** The request could not be read: why. The heartbeat and the reports are kept all the same. */
      requestUnreadable?: string;
      /** A report of a generation that was never asked for. */
      unasked?: boolean;
      /** Another live agent calls with the same key. */
      duplicate?: boolean;
    }
  /** An unknown machine, or another key: which one is not known here either. */
  | { status: "unauthenticated" }
  /** The database is away, the session is lost, or there is too much waiting. Nothing was written. */
  | {
      status: "unavailable";
      cause: string;
      /** There is too much waiting: come back later. */
      overloaded?: boolean;
    };
