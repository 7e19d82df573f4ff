import { retryDelay } from "../../lib/retry.ts";
import { EnrollState, type EnrollResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { CallOutcome } from "../calls/control-plane.ts";

/** What the loop of enrolment remembers. */
export interface EnrollMemory {
  /** Tries without an answer since the last one. */
  failures: number;
  /** The token to show. */
  token: string | undefined;
  /** The server refused the message for what is in it: without the hardware report it may take it. */
  bare: boolean;
}

export type EnrollNext =
  | { kind: "accepted"; machineId: string }
  /** Ask for a token, if there is none, then try again; else after so many milliseconds. */
  | { kind: "again"; memory: EnrollMemory; delay: number };

/** Milliseconds. */
const unreached = { initial: 1000, maximum: 30_000, factor: 2 };
const refused = { initial: 30_000, maximum: 300_000, factor: 2 };
/** Seconds: what a server may ask for. */
const shortest = 1;
const longest = 300;

/**
 * What to do after a try. A token that did not let the machine in is never shown again: it was used up, or its window is closed.
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
      // Half of it as jitter on top: machines of one rack come back at different times, and none too early.
      const delay = Math.round(seconds * 1000 * (1 + random() / 2));
      return { kind: "again", memory: { ...memory, failures: 0, token: undefined }, delay };
    }
    case "unavailable":
      return { kind: "again", memory: failed, delay: after(unreached) };
    case "invalid":
      // A machine that is odd must be able to enrol: the report comes with its heartbeats.
      return { kind: "again", memory: { ...failed, bare: true }, delay: after(memory.bare ? refused : unreached) };
    case "unauthenticated":
    case "fatal":
      return { kind: "again", memory: failed, delay: after(refused) };
  }
}
