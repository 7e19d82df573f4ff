import { InstallationState, type Installation, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";

/** The outcome of one generation of a machine. */
export type Outcome =
  /** No final result yet. */
  | { kind: "pending"; installation: Installation }
  /** The operating system is on the disk. */
  | { kind: "succeeded" }
  /** The agent or the control plane reported an error. */
  | { kind: "failed"; reason: string }
  /** An operator cancelled it. */
  | { kind: "cancelled"; reason: string }
  /** A newer request replaced it. */
  | { kind: "replaced"; reason: string };

/** Derives the outcome of a generation from the machine as it was read. */
export function installOutcome(machine: Machine | undefined, generation: bigint): Outcome {
  const installation = machine?.installation;
  if (installation === undefined || installation.generation < generation) {
    const reason = `the control plane has no generation ${generation} any more: was its database restored from a backup?`;
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
      // Pending, or a state of a later control plane that this version can't know to be final.
      return { kind: "pending", installation };
  }
}

function failedReason({ error, failureCause }: Installation): string {
  const more = failureCause === "" ? "" : ` (more: docs/installation-failures.md#${failureCause})`;
  return error === "" ? "no reason was given" : `${error}${more}`;
}
