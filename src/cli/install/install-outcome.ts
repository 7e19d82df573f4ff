import {
  CameUpUnasked,
  InstallationState,
  type Installation,
  type Machine,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { durationText } from "../../lib/format/duration.ts";
import { shortTime } from "../show/describe.ts";
import { unaskedText } from "../show/came-up-lines.ts";

/** The outcome of one generation of a machine. */
export type Outcome =
  /** No final result yet. */
  | { kind: "pending"; installation: Installation }
  /** The operating system is on the disk, and its report that it came up is expected. */
  | { kind: "coming-up"; words: string }
  /** The operating system is on the disk; where a report was expected, what is known of it. */
  | { kind: "succeeded"; cameUp?: { from: string; addresses: readonly string[] }; unasked?: string }
  /** The operating system is on the disk, and did not report in time that it came up. */
  | { kind: "silent"; reason: string }
  /** The agent or the control plane reported an error. */
  | { kind: "failed"; reason: string }
  /** An operator cancelled it. */
  | { kind: "cancelled"; reason: string }
  /** A newer request replaced it. */
  | { kind: "replaced"; reason: string };

/** Derives the outcome of a generation from the machine as it was read. */
export function installOutcome(machine: Machine | undefined, generation: bigint): Outcome {
  const installation = machine?.installation;
  if (machine === undefined || installation === undefined || installation.generation < generation) {
    const reason = `the control plane has no generation ${generation} any more: was its database restored from a backup?`;
    return { kind: "failed", reason };
  }
  if (installation.generation > generation) {
    return { kind: "replaced", reason: `generation ${installation.generation} took its place` };
  }
  switch (installation.state) {
    case InstallationState.SUCCEEDED:
      return comingUp(machine, generation);
    case InstallationState.FAILED:
      return { kind: "failed", reason: failedReason(installation) };
    case InstallationState.CANCELLED:
      return { kind: "cancelled", reason: installation.error === "" ? "no reason was given" : installation.error };
    default:
      // Pending, or a state of a later control plane that this version can't know to be final.
      return { kind: "pending", installation };
  }
}

/** What comes after the success. By the report itself, because a quarantine hides the state. */
function comingUp({ cameUp }: Machine, generation: bigint): Outcome {
  const report = cameUp?.report;
  if (report?.generation === generation) {
    return { kind: "succeeded", cameUp: { from: report.from, addresses: report.addresses } };
  }
  if (cameUp?.expectedGeneration !== generation) {
    return { kind: "succeeded" };
  }
  const { unasked, silentAt, deadline, withinSeconds } = cameUp;
  if (unasked !== CameUpUnasked.UNSPECIFIED) {
    return { kind: "succeeded", unasked: `no report that it came up is waited for: ${unaskedText(unasked)}` };
  }
  if (silentAt !== undefined) {
    return {
      kind: "silent",
      reason: `its system did not report within ${durationText(withinSeconds * 1000)} that it came up`,
    };
  }
  return deadline === undefined
    ? { kind: "succeeded" }
    : {
        kind: "coming-up",
        words: `installed, waiting for its system to report by ${shortTime(deadline)} that it came up`,
      };
}

function failedReason({ error, failureCause }: Installation): string {
  const more = failureCause === "" ? "" : ` (more: docs/installation-failures.md#${failureCause})`;
  return error === "" ? "no reason was given" : `${error}${more}`;
}
