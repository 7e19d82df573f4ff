import type { Prng } from "../../lib/prng.ts";

/** What the operators' side does next with a machine. */
export type InstallOperation =
  | { kind: "request" }
  | { kind: "replace"; generation: bigint }
  | { kind: "cancel"; generation: bigint };

/** What follows a request, now and then. */
export interface FollowUp {
  kind: "replace" | "cancel";
  /** Milliseconds after the request. */
  after: number;
}

const shares = { replaced: 0.05, cancelled: 0.05, repeated: 0.02 } as const;

/** What to do with a machine that was picked: `open` is the generation that is not known to have ended. */
export function installOperation(random: Prng, open: bigint | undefined): InstallOperation {
  if (open === undefined) {
    return { kind: "request" };
  }
  return random.chance(0.5) ? { kind: "replace", generation: open } : { kind: "cancel", generation: open };
}

/** What is to become of a request that is about to be made; `longest` is the longest writing, in milliseconds. */
export function installFollowUp(random: Prng, longest: number): { followUp?: FollowUp; repeat: boolean } {
  const draw = random.next();
  // Sometimes before an agent can have begun, sometimes in the midst of it, sometimes too late.
  const after = random.next() ** 2 * 1.5 * longest;
  const repeat = random.chance(shares.repeated);
  if (draw < shares.replaced) {
    return { followUp: { kind: "replace", after }, repeat };
  }
  return draw < shares.replaced + shares.cancelled ? { followUp: { kind: "cancel", after }, repeat } : { repeat };
}
