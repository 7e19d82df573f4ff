import { createHash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema, type AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { clearVolatile } from "../../contract/volatile-hardware.ts";

/**
 * SHA-256 of a hardware report without its readings: values that change while the hardware stays the same (link state
 * and speed, wear, temperature, counters of use, usable memory). Two reports with the same fingerprint count as one.
 * Changes its argument.
 */
export function hardwareFingerprint(report: AgentHardwareReport): Buffer {
  if (report.report !== undefined) {
    clearVolatile(report.report);
  }
  return createHash("sha256").update(toBinary(AgentHardwareReportSchema, report)).digest();
}
