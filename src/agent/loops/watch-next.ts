import { pushbackDelay } from "../../lib/retry.ts";
import type { CallOutcome } from "../calls/control-plane.ts";

/** How a Watch stream ended. */
export type WatchEnd = CallOutcome<void> | { kind: "silent" };

export interface WatchNext {
  /** Ends in a row without a stream that lasted. */
  failures: number;
  /** Milliseconds until it is opened again. */
  delay: number;
  /** Wait until a heartbeat is answered OK again: heartbeats find out whether the key is still valid. */
  awaitHeartbeat: boolean;
}

/** A stream that lasted this many milliseconds did not fail at once: the next one begins after a short pause. */
const held = 10_000;
/** Milliseconds: 1 to 2 s at first, 30 to 60 s at last. */
const broken = { initial: 2_000, maximum: 60_000, factor: 2 };
/** Milliseconds until a control plane without Watch is asked again: it may be upgraded one day. */
const unknown = { initial: 600_000, maximum: 600_000, factor: 1 };

/** When to open the next Watch stream, after a stream that lasted `lived` milliseconds. */
export function watchNext(failures: number, end: WatchEnd, lived: number, random: () => number): WatchNext {
  const before = lived >= held ? 0 : failures;
  const next = (policy: typeof broken, awaitHeartbeat = false): WatchNext => ({
    failures: before + 1,
    delay: pushbackDelay(policy, before, {
      pushback: end.kind === "unavailable" ? end.retryAfter : undefined,
      random,
    }),
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
      // Meanwhile only heartbeats: this costs half an interval of delay and nothing else.
      return next(unknown);
  }
}
