import { pushbackDelay, retryDelay } from "../../lib/retry.ts";
import type { CallOutcome } from "../calls/control-plane.ts";

export interface LogNext {
  /** Failed calls in a row. */
  failures: number;
  /** Milliseconds until the next call. */
  delay: number;
  /** What happens to the lines that were sent. */
  lines: "sent" | "again" | "lost";
  /** Wait until a heartbeat is answered OK again: heartbeats find out whether the key is still valid. */
  awaitHeartbeat: boolean;
}

/** Milliseconds for which lines are collected: they come in bursts, and calls are limited. */
const gather = 1_000;
/** 1 to 2 s at first, a minute at last. */
const broken = { initial: 2_000, maximum: 60_000, factor: 2 };
/** A control plane without ReportLog may be upgraded one day. */
const unknown = { initial: 600_000, maximum: 600_000, factor: 1 };

/** What to do after a call of ReportLog. Pure. */
export function logNext(failures: number, outcome: CallOutcome<unknown>, random: () => number): LogNext {
  const failed = failures + 1;
  switch (outcome.kind) {
    case "ok":
      return { failures: 0, delay: gather, lines: "sent", awaitHeartbeat: false };
    case "unavailable": {
      const delay = pushbackDelay(broken, failures, { pushback: outcome.retryAfter, random });
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
