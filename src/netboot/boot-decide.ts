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
