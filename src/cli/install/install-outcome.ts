import { InstallationState, type Installation, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";

/** How a generation of a machine stands. */
export type Outcome =
  /** No final result yet. */
  | { kind: "pending"; installation: Installation }
  /** The operating system is on the disk. */
  | { kind: "succeeded" }
  /** The agent, or the control plane, gave it up. */
  | { kind: "failed"; reason: string }
  /** An operator called it off. */
  | { kind: "cancelled"; reason: string }
  /** A newer request took its place. */
  | { kind: "replaced"; reason: string };

/** How the generation stands, going by what the machine shows. */
export function installOutcome(machine: Machine | undefined, generation: bigint): Outcome {
  const installation = machine?.installation;
  if (installation === undefined || installation.generation < generation) {
    const reason = `generation ${generation} is gone from the control plane: was its database set back?`;
    return { kind: "failed", reason };
  }
  if (installation.generation > generation) {
    return { kind: "replaced", reason: `generation ${installation.generation} took its place` };
  }
  switch (installation.state) {
    case InstallationState.SUCCEEDED:
      return { kind: "succeeded" };
    case InstallationState.FAILED:
      return { kind: "failed", reason: failedReason(installation) };
    case InstallationState.CANCELLED:
      return { kind: "cancelled", reason: installation.error === "" ? "no reason was given" : installation.error };
    default:
      // Pending; or a state that a later control plane has, which is not known to be final.
      return { kind: "pending", installation };
  }
}

function failedReason({ error, failureCause }: Installation): string {
  const more = failureCause === "" ? "" : ` (more: docs/installation-failures.md#${failureCause})`;
  return error === "" ? "no reason was given" : `${error}${more}`;
}
