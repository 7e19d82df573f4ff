import type { NetbootRemains } from "../database/queries/boot/netboot-remains.ts";
import type { NetbootFacts } from "../database/queries/boot/netboot.ts";

/** What a machine that boots from the network should do. */
export type BootDecision =
  /** Nothing, until an operator has released it. */
  | "hold"
  /** Start the agent. */
  | "agent"
  /** Boot from its disk. */
  | "disk";

/**
 * Decides what a machine should do; undefined if it is unknown: its agent then waits for approval. The order is the
 * same as everywhere: quarantined first, then pending, then installed. Pure.
 */
export function bootDecide(
  facts: Pick<NetbootFacts, "quarantined" | "pending" | "installed"> | undefined,
): BootDecision {
  if (facts === undefined) {
    return "agent";
  }
  if (facts.quarantined) {
    return "hold";
  }
  return facts.pending || !facts.installed ? "agent" : "disk";
}

/**
 * Serial numbers of the caller and of the machine in question; "" if there is none that identifies, undefined if it was
 * not asked for.
 */
export interface SerialNumbers {
  told: string | undefined;
  known: string;
}

/**
 * Decides for a machine with a replaced part: as if nothing was replaced, if the rest identifies it beyond doubt;
 * otherwise undefined: its agent then waits for approval. Pure.
 */
export function bootDecideRemains(
  remains: Pick<NetbootRemains, "agrees" | "quarantined" | "pending" | "installed"> | undefined,
  serials: SerialNumbers,
): "hold" | "disk" | undefined {
  if (remains === undefined || !isBeyondDoubt(remains.agrees, serials)) {
    return undefined;
  }
  // This way never hands out a token to an agent: that needs the complete identity.
  const decision = bootDecide(remains);
  return decision === "agent" ? undefined : decision;
}

function isBeyondDoubt(agrees: NetbootRemains["agrees"], { told, known }: SerialNumbers): boolean {
  const same = told !== undefined && told !== "" && told === known;
  switch (agrees) {
    case "swapped":
      return true;
    case "uuid":
      // Makers that give a series one UUID give it no serial numbers either.
      return told === undefined || same;
    case "macs":
      // An interface moves to another machine more often than a board gets its predecessor's serial number by chance.
      return same;
  }
}
