import { runsPerGeneration } from "../../heartbeat/heartbeat-fragments.ts";

/** A run's relation to the writer of the pending generation, read under the machine's lock. */
export interface WriterStanding {
  /** `own`: this run is the writer; `other`: another run is. */
  writer: "none" | "own" | "other";
  /** The writer reported its end, was silent for too long, or lost its power. */
  over: boolean;
  /** This run was the writer, and another run replaced it. */
  replaced: boolean;
  /** Other runs that count towards {@link runsPerGeneration}. */
  countedOthers: number;
}

/** What happens to a run's progress report. */
export type WriterDecision =
  /** Recorded; it does not touch the disk. */
  | "record"
  /** Another run writes: answered OK, but not recorded. */
  | "bystander"
  /** The writer goes on. */
  | "go-on"
  /** This run becomes the first writer of the generation. */
  | "begin"
  /** This run becomes the writer, because the previous writer is over. */
  | "take-over"
  /** Another run writes: ask again later. */
  | "wait"
  /** Another run replaced this one: the generation is called off for it. */
  | "replaced"
  /** Too many runs began: the server ends the generation. */
  | "exhausted";

/** Decides whether a run may write; at any time at most one may. Pure. */
export function writerDecide(standing: WriterStanding, touchesDisk: boolean): WriterDecision {
  const { writer, over, replaced, countedOthers } = standing;
  if (replaced) {
    return "replaced";
  }
  const held = writer === "other" && !over;
  if (!touchesDisk) {
    return held ? "bystander" : "record";
  }
  if (writer === "own") {
    return "go-on";
  }
  if (held) {
    return "wait";
  }
  if (countedOthers >= runsPerGeneration) {
    return "exhausted";
  }
  return writer === "none" ? "begin" : "take-over";
}
