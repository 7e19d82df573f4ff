import { pushbackDelay, retryDelay } from "../../lib/retry.ts";
import { EnrollState, type EnrollResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { CallOutcome } from "../calls/control-plane.ts";

/** The state of the enrolment loop. */
export interface EnrollMemory {
  /** Attempts since the last answer. */
  failures: number;
  /** The token to present. */
  token: string | undefined;
  /** The server refused the message's content; it may accept it without the hardware report. */
  bare: boolean;
}

export type EnrollNext =
  | { kind: "accepted"; machineId: string }
  /** Ask for a token if there is none, then try again after `delay` milliseconds. */
  | { kind: "again"; memory: EnrollMemory; delay: number };

/** Milliseconds. */
const unreached = { initial: 1000, maximum: 30_000, factor: 2 };
const refused = { initial: 30_000, maximum: 300_000, factor: 2 };
/** Bounds in seconds of the wait that a server may ask for. */
const shortest = 1;
const longest = 300;

/**
 * What to do after an attempt. A token that did not admit the machine is never presented again: it was used, or its
 * window is closed.
 */
export function enrollNext(
  memory: EnrollMemory,
  outcome: CallOutcome<EnrollResponse>,
  random: () => number,
): EnrollNext {
  const failed = { ...memory, failures: memory.failures + 1 };
  const after = (policy: typeof unreached): number => retryDelay(policy, memory.failures, random);
  switch (outcome.kind) {
    case "ok": {
      const { machineId, state, retryAfterSeconds } = outcome.response;
      if (state === EnrollState.ACCEPTED && machineId !== "") {
        return { kind: "accepted", machineId };
      }
      const seconds = Math.min(longest, Math.max(shortest, retryAfterSeconds));
      // Up to half of the wait as jitter: the machines of one rack return at different times, and none too early.
      const delay = Math.round(seconds * 1000 * (1 + random() / 2));
      return { kind: "again", memory: { ...memory, failures: 0, token: undefined }, delay };
    }
    case "unavailable": {
      const delay = pushbackDelay(unreached, memory.failures, {
        pushback: outcome.retryAfter,
        longest: longest * 1000,
        random,
      });
      return { kind: "again", memory: failed, delay };
    }
    case "invalid":
      // A machine with unusual hardware must still be able to enrol; the report comes with its heartbeats.
      return { kind: "again", memory: { ...failed, bare: true }, delay: after(memory.bare ? refused : unreached) };
    case "unauthenticated":
    case "fatal":
      return { kind: "again", memory: failed, delay: after(refused) };
  }
}
