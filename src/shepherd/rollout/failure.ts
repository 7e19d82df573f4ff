import { causeReported } from "../../contract/rollout/cause-reported.ts";
import { failureCause, type FailureCause } from "../../contract/failure-cause.ts";
import { runsExhausted } from "../../database/heartbeat/heartbeat-fragments.ts";
import type { RolloutMachineStanding } from "../../database/queries/rollout/rollout-standing.ts";

/** By what failed machines of a rollout are grouped. */
export type RolloutFailureCause =
  | FailureCause
  /** Somebody cancelled its installation. */
  | "cancelled"
  /** The request was refused. */
  | "request-refused"
  /** It was written, and the installed system did not report in time that it came up. */
  | "silent";

/** Of a machine whose installed system did not report in time. */
export const rolloutSilence = {
  cause: "silent",
  error: "it was installed, and its system did not report in time that it came up: machine explain says what is known",
} as const satisfies { cause: RolloutFailureCause; error: string };

/** Why a machine's installation failed. Pure. */
export function rolloutFailure({
  result,
  error,
  reportRaw,
}: Pick<RolloutMachineStanding, "result" | "error" | "reportRaw">): { cause: RolloutFailureCause; error: string } {
  const text = error ?? "";
  if (result === "cancelled") {
    return { cause: "cancelled", error: text === "" ? "its installation was cancelled" : text };
  }
  if (result === null) {
    return { cause: "other", error: "its installation has ended, and how is not known" };
  }
  return {
    cause: text === runsExhausted ? "runs-exhausted" : failureCause(causeReported(reportRaw ?? new Uint8Array()), text),
    error: text,
  };
}
