import { retryDelay } from "../../lib/retry.ts";
import type { CallOutcome } from "../calls/control-plane.ts";

export interface LogNext {
  /** Calls in a row that were not taken. */
  failures: number;
  /** Milliseconds until the next. */
  delay: number;
  /** What becomes of the lines that were sent. */
  lines: "sent" | "again" | "lost";
  /** Only once a heartbeat has been answered OK again: whether the key is still this agent's, heartbeats find out. */
  awaitHeartbeat: boolean;
}

/** Milliseconds. Lines are gathered for so long: they come in bursts, and calls are limited. */
const gather = 1_000;
/** 1 to 2 s at first, a minute at last. */
const broken = { initial: 2_000, maximum: 60_000, factor: 2 };
/** A control plane that takes no log may be a newer one some day. */
const unknown = { initial: 600_000, maximum: 600_000, factor: 1 };

/** What to do after a call of ReportLog. Pure. */
export function logNext(failures: number, outcome: CallOutcome<unknown>, random: () => number): LogNext {
  const failed = failures + 1;
  switch (outcome.kind) {
    case "ok":
      return { failures: 0, delay: gather, lines: "sent", awaitHeartbeat: false };
    case "unavailable": {
      // Not before an overloaded server said, as far as that is believable.
      const hint = Math.min(outcome.retryAfter ?? 0, broken.maximum);
      const delay = Math.max(retryDelay(broken, failures, random), hint);
      return { failures: failed, delay, lines: "again", awaitHeartbeat: false };
    }
    case "unauthenticated":
      return { failures: failed, delay: retryDelay(broken, failures, random), lines: "again", awaitHeartbeat: true };
    case "invalid":
      return { failures: failed, delay: retryDelay(broken, failures, random), lines: "lost", awaitHeartbeat: false };
    case "fatal":
      return { failures: failed, delay: retryDelay(unknown, 0, random), lines: "lost", awaitHeartbeat: false };
  }
}
