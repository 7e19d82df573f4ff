/** How a generation came to its end, as far as is known here. */
export type ClosedHow =
  | "success"
  | "error"
  | "cancelled"
  | "replaced"
  | "ended by the server"
  | "closed, as the control plane said when asked";

/** What an operator asks for, to end a generation. */
export type Closing = "cancelled" | "replaced";

/** By what an agent heard of a request. */
export type HandedBy = "watch" | "heartbeat";

/** All that is known of one machine's generation. Times are milliseconds of the simulation's clock. */
export interface GenerationRecord {
  machine: number;
  generation: bigint;
  /** When the operator's call was sent first, and when it was answered; absent = of an earlier simulation, so far. */
  requestedAt?: number;
  answeredAt?: number;
  /** When an agent of the machine first heard of it. */
  heardAt?: number;
  heardBy?: HandedBy;
  /** When an agent first began it, and the runs that did. */
  begunAt?: number;
  runs: string[];
  /** Runs whose WRITING was acknowledged. */
  writing: string[];
  /** When an agent was first told that it is off. */
  toldOffAt?: number;
  /** An operator asked for its end: it may have come already. */
  closing?: Closing;
  /** An agent sent its result: it may have arrived already. */
  reportSent?: boolean;
  closed?: { at: number; how: ClosedHow };
  /** Heartbeats in a row that were not told of it. */
  misses: number;
  overdue?: boolean;
}

/** Whether it must be handed out: `unsure` where a call that may have ended it has no answer. */
export function generationState(of: GenerationRecord): "open" | "unsure" | "closed" {
  if (of.closed !== undefined) {
    return "closed";
  }
  return of.closing !== undefined || of.reportSent === true ? "unsure" : "open";
}
