import type { Prng } from "../../lib/prng.ts";

/** What the operators' side does next with a machine. */
export type InstallOperation =
  | { kind: "request" }
  | { kind: "replace"; generation: bigint }
  | { kind: "cancel"; generation: bigint };

/** An operation that sometimes follows a request. */
export interface FollowUp {
  kind: "replace" | "cancel";
  /** Milliseconds after the request. */
  after: number;
}

const shares = { replaced: 0.05, cancelled: 0.05, repeated: 0.1 } as const;

/** The operation for a chosen machine: `open` is the generation that is not known to have ended. */
export function installOperation(random: Prng, open: bigint | undefined): InstallOperation {
  if (open === undefined) {
    return { kind: "request" };
  }
  return random.chance(0.5) ? { kind: "replace", generation: open } : { kind: "cancel", generation: open };
}

/** The follow-up of a new request; `longest` is the longest writing, in milliseconds. */
export function installFollowUp(random: Prng, longest: number): { followUp?: FollowUp; repeat: boolean } {
  const draw = random.next();
  // Sometimes before an agent can have begun, sometimes during it, sometimes too late.
  const after = random.next() ** 2 * 1.5 * longest;
  const repeat = random.chance(shares.repeated);
  if (draw < shares.replaced) {
    return { followUp: { kind: "replace", after }, repeat };
  }
  return draw < shares.replaced + shares.cancelled ? { followUp: { kind: "cancel", after }, repeat } : { repeat };
}
