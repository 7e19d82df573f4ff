import { fromBinary } from "@bufbuild/protobuf";
import { OSInstallationReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { failureCause, type FailureCause } from "../../contract/failure-cause.ts";
import { runsExhausted } from "../../database/heartbeat/heartbeat-fragments.ts";
import type { InstallationRecord } from "../../database/queries/views/machine-record.ts";

/** The cause of a failed installation; undefined if it did not fail. */
export function failureOf(final: InstallationRecord["final"]): FailureCause | undefined {
  if (final?.result !== "error") {
    return undefined;
  }
  const { error = "", reportRaw } = final;
  return error === runsExhausted ? "runs-exhausted" : failureCause(causeSaid(reportRaw), error);
}

function causeSaid(raw: Uint8Array | undefined): string {
  try {
    const { result } = fromBinary(OSInstallationReportSchema, raw ?? new Uint8Array());
    return result.case === "error" ? result.value.cause : "";
  } catch {
    // Only the text is known: the stored message was checked when it came.
    return "";
  }
}
