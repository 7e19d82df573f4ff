import { fromBinary } from "@bufbuild/protobuf";
import { OSInstallationReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";

/** The cause that a serialised installation report names; "" if it names none. Pure. */
export function causeReported(raw: Uint8Array): string {
  try {
    const { result } = fromBinary(OSInstallationReportSchema, raw);
    return result.case === "error" ? result.value.cause : "";
  } catch {
    // Only the text is known: the stored message was checked when it came.
    return "";
  }
}
