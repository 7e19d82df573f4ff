import type { AgentKey, Generation, MachineId } from "../ids.ts";

/** An agent's report on a generation that it carried out. */
export interface InstallationReport {
  /** 0 or more; possibly a generation that was never requested. */
  generation: bigint;
  result: "success" | "error";
  /** The error's text, without NUL bytes; absent on success. */
  error?: string;
  /** The message as it was received. */
  raw: Uint8Array;
  /** The run that carried it out, 16 bytes; absent means the calling run. */
  runId?: Uint8Array;
}

/** One agent's call, checked so that nothing in it can make a statement fail. */
export interface HeartbeatEntry {
  machineId: MachineId;
  publicKey: AgentKey;
  /** 16 bytes; absent for an agent of the original system, whose key counts as its run. */
  runId?: Uint8Array;
  hardware?: {
    /** SHA-256 of the report without its readings. */
    fingerprint: Uint8Array;
    /** The serialised AgentHardwareReport as it was received. */
    raw: Uint8Array;
  };
  report?: InstallationReport;
  /** 16 bytes: an earlier run on this host that has ended. */
  endedRunId?: Uint8Array;
  /** What the agent can do beyond version 1. */
  features?: readonly string[];
  /**
   * Tells the caller's connection from others with the same key, for agents without run ids; 0 or absent means unknown.
   */
  connection?: bigint;
}

/** The result of a heartbeat. */
export type HeartbeatOutcome =
  | {
      status: "ok";
      /** The pending request, if it is handed to this run, and whether its agent fetches from mirrors. */
      request?: { generation: Generation; raw: Uint8Array; mirrors: boolean };
      /** This generation is called off. */
      cancelledGeneration?: Generation;
      /** Why the request could not be read. The heartbeat and its reports are stored anyway. */
      requestUnreadable?: string;
      /** A report about a generation that was never requested. */
      unasked?: boolean;
      /** Another live agent calls with the same key. */
      duplicate?: boolean;
    }
  /** An unknown machine or another key; the database layer does not know which. */
  | { status: "unauthenticated" }
  /** The database is unreachable, the session is lost, or too many heartbeats wait. Nothing was written. */
  | {
      status: "unavailable";
      cause: string;
      /** Too many heartbeats wait: come back later. */
      overloaded?: boolean;
    };
