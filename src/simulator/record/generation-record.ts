/** How a generation ended, as far as is known here. */
export type ClosedHow =
  | "success"
  | "error"
  | "cancelled"
  | "replaced"
  | "ended by the server"
  | "closed, as the control plane said when asked";

/** What an operator requests to end a generation. */
export type Closing = "cancelled" | "replaced";

/** How an agent received a request. */
export type HandedBy = "watch" | "heartbeat";

/** Everything known about one machine's generation. Times are milliseconds of the simulation's clock. */
export interface GenerationRecord {
  machine: number;
  generation: bigint;
  /**
   * When the operator's call was first sent, and when it was answered; absent for a generation of an earlier
   * simulation.
   */
  requestedAt?: number;
  answeredAt?: number;
  /** When an agent of the machine first received it. */
  heardAt?: number;
  heardBy?: HandedBy;
  /** When an agent first began it, and the runs that did. */
  begunAt?: number;
  runs: string[];
  /** Runs whose WRITING was acknowledged. */
  writing: string[];
  /** When an agent was first told that it is called off. */
  toldOffAt?: number;
  /** An operator requested its end, which may have come already. */
  closing?: Closing;
  /** An agent sent its result, which may have arrived already. */
  reportSent?: boolean;
  closed?: { at: number; how: ClosedHow };
  /** Consecutive heartbeats whose answer did not have it. */
  misses: number;
  overdue?: boolean;
}

/** Whether it must be handed out: `unsure` while a call that may have ended it has no answer. */
export function generationState(of: GenerationRecord): "open" | "unsure" | "closed" {
  if (of.closed !== undefined) {
    return "closed";
  }
  return of.closing !== undefined || of.reportSent === true ? "unsure" : "open";
}
