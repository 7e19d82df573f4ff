import type { InstallationPlan } from "../../gen/farrier/operator/v1/installation_pb.ts";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { installProblems, type InstallForm } from "./install-form.ts";

/** What the server says about an installation before it is requested. */
export type DryRun =
  | { kind: "incomplete" }
  | { kind: "asking" }
  | { kind: "planned"; plan: InstallationPlan | undefined; warnings: readonly string[]; profile: string; image: string }
  | { kind: "refused"; message: string }
  /** The server can't be asked; it is asked again until it answers. */
  | { kind: "away"; message: string };

/** Machines that are asked about; of more, the first ones. */
export const dryRunsMost = 500;

/** Results, and what they are about. */
export interface DryRuns {
  machines: readonly Machine[];
  form: InstallForm;
  runs: readonly DryRun[];
}

/** What is known about exactly this form and these machines; before, that it is asked or incomplete. Pure. */
export function dryRunsOf(
  known: DryRuns | undefined,
  machines: readonly Machine[],
  form: InstallForm,
): readonly DryRun[] {
  if (known !== undefined && known.form === form && known.machines === machines) {
    return known.runs;
  }
  const kind = isComplete(form) ? "asking" : "incomplete";
  return machines.slice(0, dryRunsMost).map(() => ({ kind }));
}

/** Whether the server can be asked about it. Pure. */
export function isComplete(form: InstallForm): boolean {
  return Object.keys(installProblems(form)).length === 0;
}
