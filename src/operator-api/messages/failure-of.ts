import { causeReported } from "../../contract/rollout/cause-reported.ts";
import { failureCause, type FailureCause } from "../../contract/failure-cause.ts";
import { runsExhausted } from "../../database/heartbeat/heartbeat-fragments.ts";
import type { InstallationRecord } from "../../database/queries/views/machine-record.ts";

/** The cause of a failed installation; undefined if it did not fail. */
export function failureOf(final: InstallationRecord["final"]): FailureCause | undefined {
  if (final?.result !== "error") {
    return undefined;
  }
  const { error = "", reportRaw } = final;
  return error === runsExhausted ? "runs-exhausted" : failureCause(causeReported(reportRaw ?? new Uint8Array()), error);
}
