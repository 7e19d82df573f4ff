import type { MachineId } from "../../ids.ts";

/** The facts about an agent that asks to enrol. */
export interface EnrollmentFacts {
  /** The machine that its key is bound to. */
  bound: MachineId | null;
  /** The one machine that matches what it reports about itself. */
  claimed: MachineId | null;
  /**
   * The boot window that its token belongs to; without a token, the window of the machine that it claims to be. Only an
   * open window.
   */
  window: {
    machineId: MachineId;
    windowId: string;
    byToken: boolean;
    /** Its token was given by another way than a network boot of this machine: the agent must be the machine. */
    identityNeeded: boolean;
    quarantined: boolean;
    /** The key that this window has bound. */
    enrolledKey: Uint8Array | null;
    /** Other keys that claimed the machine in this window. */
    claimedKeys: readonly Uint8Array[];
    /** The enrolled agent was heard some time after this one first asked: two agents are alive at once. */
    bothAlive: boolean;
    /** This agent asks from another network address than the enrolled one did. */
    elsewhere: boolean;
  } | null;
}

/** The decision. Everything except `accept` and `bind` is answered as if the machine were unknown. */
export type EnrollmentDecision =
  /** Its key is bound already: the same answer again. */
  | { decision: "accept"; machineId: MachineId }
  /** The first to present the token. `contested`: another key has claimed the machine in the same window. */
  | { decision: "bind"; machineId: MachineId; contested: Uint8Array | undefined }
  /**
   * This window has bound another key, and this agent has the same token, is alive at the same time, or calls from
   * another address: it can't be trusted.
   */
  | { decision: "second-claimant"; machineId: MachineId; enrolled: Uint8Array }
  /** Remembered by the window, in case another key presents the token. */
  | { decision: "note"; machineId: MachineId }
  | { decision: "await" };

/** Decides about a key that the handshake has proven. Pure. */
export function enrollmentDecide(facts: EnrollmentFacts, key: Uint8Array): EnrollmentDecision {
  const { bound, claimed, window } = facts;
  const same = (other: Uint8Array): boolean => Buffer.compare(other, key) === 0;
  if (bound !== null && (window === null || !window.byToken || window.machineId === bound)) {
    // Also if its own machine's window is open and already used by this key; a restarted earlier agent is no claimant.
    return window?.byToken === true && window.enrolledKey === null && !window.quarantined
      ? { decision: "bind", machineId: bound, contested: window.claimedKeys.find((other) => !same(other)) }
      : { decision: "accept", machineId: bound };
  }
  if (window === null) {
    return { decision: "await" };
  }
  const { machineId, enrolledKey } = window;
  if (enrolledKey !== null) {
    // Its own key, which an operator has replaced since: it may ask again, but gets nothing.
    if (same(enrolledKey)) {
      return { decision: "await" };
    }
    // Without the token it may be the machine itself, reset soon after its agent enrolled. Then that agent is no longer
    // heard, and the call comes from the same address.
    return window.byToken || window.bothAlive || window.elsewhere
      ? { decision: "second-claimant", machineId, enrolled: enrolledKey }
      : { decision: "note", machineId };
  }
  if (window.quarantined) {
    return { decision: "await" };
  }
  // The token does not give this machine to another machine's agent, or to a caller that claims to be another machine.
  const another = claimed !== machineId && (claimed !== null || window.identityNeeded);
  if (!window.byToken || bound !== null || another) {
    return { decision: "note", machineId };
  }
  return { decision: "bind", machineId, contested: window.claimedKeys.find((other) => !same(other)) };
}
