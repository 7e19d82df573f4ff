import type { MachineId } from "../../ids.ts";

/** What an agent that asks to be let in is judged by. */
export interface EnrollmentFacts {
  /** The machine that its key is bound to. */
  bound: MachineId | null;
  /** The one machine that it can be, by what it says of itself. */
  claimed: MachineId | null;
  /** The boot window that its token belongs to; else that of the machine it claims to be. Only one that is open. */
  window: {
    machineId: MachineId;
    windowId: string;
    byToken: boolean;
    quarantined: boolean;
    /** The key that was bound by it. */
    enrolledKey: Uint8Array | null;
    /** Others that claimed the machine meanwhile. */
    claimedKeys: readonly Uint8Array[];
    /** That agent was heard some time after this one first asked: there are two of them, at once. */
    bothAlive: boolean;
    /** This one asks from another network address than that agent did. */
    elsewhere: boolean;
  } | null;
}

/** What becomes of it. Everything but `accept` and `bind` is answered as if the machine were unknown. */
export type EnrollmentDecision =
  /** Its key is bound already: the same answer again. */
  | { decision: "accept"; machineId: MachineId }
  /** The first to present the token. `contested`: another key has claimed the machine in the same window. */
  | { decision: "bind"; machineId: MachineId; contested: Uint8Array | undefined }
  /** Another key was bound in this window, and this one has its token, lives beside it or somewhere else: it can't be trusted. */
  | { decision: "second-claimant"; machineId: MachineId; enrolled: Uint8Array }
  /** Remembered by the window, should a token be presented by another. */
  | { decision: "note"; machineId: MachineId }
  | { decision: "await" };

/** Decides about a key that the handshake has proven. Pure. */
export function enrollmentDecide(facts: EnrollmentFacts, key: Uint8Array): EnrollmentDecision {
  const { bound, claimed, window } = facts;
  const same = (other: Uint8Array): boolean => Buffer.compare(other, key) === 0;
  if (bound !== null && (window === null || !window.byToken || window.machineId === bound)) {
    // Also where its own machine's window is open and used by it; and an agent of before, restarted, is no claimant.
    return window?.byToken === true && window.enrolledKey === null && !window.quarantined
      ? { decision: "bind", machineId: bound, contested: window.claimedKeys.find((other) => !same(other)) }
      : { decision: "accept", machineId: bound };
  }
  if (window === null) {
    return { decision: "await" };
  }
  const { machineId, enrolledKey } = window;
  if (enrolledKey !== null) {
    // Its own key, which an operator has replaced since: it may ask again, and no more.
    if (same(enrolledKey)) {
      return { decision: "await" };
    }
    // Without the token it may be the machine itself, reset soon after its agent was let in: that agent is heard no more
    // then, and the machine asks from where it asked before.
    return window.byToken || window.bothAlive || window.elsewhere
      ? { decision: "second-claimant", machineId, enrolled: enrolledKey }
      : { decision: "note", machineId };
  }
  if (window.quarantined) {
    return { decision: "await" };
  }
  // Another machine's agent, or what says to be another machine, does not get this one by its token.
  if (!window.byToken || bound !== null || (claimed !== null && claimed !== machineId)) {
    return { decision: "note", machineId };
  }
  return { decision: "bind", machineId, contested: window.claimedKeys.find((other) => !same(other)) };
}
