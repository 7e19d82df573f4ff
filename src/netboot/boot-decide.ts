import type { NetbootRemains } from "../database/queries/boot/netboot-remains.ts";
import type { NetbootFacts } from "../database/queries/boot/netboot.ts";

/** What a machine that boots from the network is to do. */
export type BootDecision =
  /** Nothing, until an operator has released it. */
  | "hold"
  /** Start the agent. */
  | "agent"
  /** Start what is on its disk. */
  | "disk";

/**
 * What a machine is to do; undefined = it is unknown: its agent asks to be let in. The same words as everywhere decide:
 * quarantined before all else, then pending, then installed. Pure.
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

/** Serial numbers of the caller and of the machine in question; "" = none worth the name, undefined = it was not asked for. */
export interface SerialNumbers {
  told: string | undefined;
  known: string;
}

/**
 * What a machine is to do of which something was replaced: as if nothing had been, where what is left identifies it beyond
 * doubt; otherwise undefined: its agent asks to be let in. Pure.
 */
export function bootDecideRemains(
  remains: Pick<NetbootRemains, "agrees" | "quarantined" | "pending" | "installed"> | undefined,
  serials: SerialNumbers,
): "hold" | "disk" | undefined {
  if (remains === undefined || !isBeyondDoubt(remains.agrees, serials)) {
    return undefined;
  }
  // An agent is given no token this way: who it is must be known by all that there is.
  const decision = bootDecide(remains);
  return decision === "agent" ? undefined : decision;
}

function isBeyondDoubt(agrees: NetbootRemains["agrees"], { told, known }: SerialNumbers): boolean {
  const same = told !== undefined && told !== "" && told === known;
  switch (agrees) {
    case "swapped":
      return true;
    case "uuid":
      // Makers who give a series one UUID give it no serial numbers either.
      return told === undefined || same;
    case "macs":
      // An interface moves from one machine into another more often than a board gets its predecessor's serial number by chance.
      return same;
  }
}
