import { runsPerGeneration } from "../../heartbeat/heartbeat-statement.ts";

/** How a run stands to the writer of the pending generation, read under the machine's lock. */
export interface WriterStanding {
  /** `own`: this run is the writer; `other`: another one is. */
  writer: "none" | "own" | "other";
  /** The writer reported its end, was silent for too long, or lost its power. */
  over: boolean;
  /** This run was the writer, and another took its place. */
  replaced: boolean;
  /** Other runs that count towards {@link runsPerGeneration}. */
  countedOthers: number;
}

/** What a progress report of a run comes to. */
export type WriterDecision =
  /** Recorded; it does not touch the disk. */
  | "record"
  /** Another run writes: answered OK, recorded nowhere. */
  | "bystander"
  /** The writer goes on. */
  | "go-on"
  /** The first writer of the generation. */
  | "begin"
  /** It becomes the writer in place of one that is over. */
  | "take-over"
  /** Another run writes: come again later. */
  | "wait"
  /** Another run took its place: the generation is called off for it. */
  | "replaced"
  /** Too many runs began: the server ends the generation. */
  | "exhausted";

/** Whether a run may write, by the rule that exactly one does at a time. Pure. */
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
