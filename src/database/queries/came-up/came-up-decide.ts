/** What is known when a report comes with a right token. */
export interface CameUpStanding {
  /** The report's content is the stored one's; absent if none was heard. */
  heard?: { same: boolean };
  /** The report names another machine or generation than its token, or comes from hardware that is another machine's. */
  other: boolean;
  /** The token's generation, and what is known of the machine. */
  generation: bigint;
  installed: bigint | undefined;
  pending: bigint | undefined;
}

/** What a report with a right token comes to. */
export type CameUpDecision =
  /** The first right one. */
  | "counts"
  /** The report that counted came once more, such as after a lost answer. */
  | "repeated"
  /** Its token was used for another report. */
  | "used"
  /** It is another machine's. */
  | "other"
  /** The agent has not reported the installation's success yet. */
  | "early"
  /** Another system has been installed since, or is being: it is noted in history only. */
  | "earlier";

/** Decides about a report. Pure. */
export function cameUpDecide({ heard, other, generation, installed, pending }: CameUpStanding): CameUpDecision {
  if (other) {
    return "other";
  }
  if (heard !== undefined) {
    return heard.same ? "repeated" : "used";
  }
  if (installed === generation) {
    return "counts";
  }
  return pending === generation ? "early" : "earlier";
}
