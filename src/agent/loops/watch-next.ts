import { retryDelay } from "../../lib/retry.ts";
import type { CallOutcome } from "../calls/control-plane.ts";

/** How a Watch stream came to its end. */
export type WatchEnd = CallOutcome<void> | { kind: "silent" };

export interface WatchNext {
  /** Ends in a row without a stream that held. */
  failures: number;
  /** Milliseconds until it is opened again. */
  delay: number;
  /** Only once a heartbeat has been answered OK again: whether the key is still this agent's, heartbeats find out. */
  awaitHeartbeat: boolean;
}

/** A stream that has held for so long, in milliseconds, did not fail at once: the next one begins with a short pause. */
const held = 10_000;
/** Milliseconds: 1 to 2 s at first, 30 to 60 s at last. */
const broken = { initial: 2_000, maximum: 60_000, factor: 2 };
/** The control plane may be a newer one some day: so long, in milliseconds, until it is asked again. */
const unknown = { initial: 600_000, maximum: 600_000, factor: 1 };

/** When to open the next Watch stream, after one that lived for `lived` milliseconds ended. */
export function watchNext(failures: number, end: WatchEnd, lived: number, random: () => number): WatchNext {
  const before = lived >= held ? 0 : failures;
  const next = (policy: typeof broken, awaitHeartbeat = false): WatchNext => ({
    failures: before + 1,
    delay: retryDelay(policy, before, random),
    awaitHeartbeat,
  });
  switch (end.kind) {
    case "ok":
    case "unavailable":
    case "silent":
      return next(broken);
    case "unauthenticated":
      return next(broken, true);
    case "invalid":
    case "fatal":
      // Heartbeats alone, meanwhile: nothing is lost by that but half an interval.
      return next(unknown);
  }
}
