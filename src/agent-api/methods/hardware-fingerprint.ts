import { createHash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema, type AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { clearVolatile } from "../../contract/volatile-hardware.ts";

/**
 * SHA-256 of what a hardware report says of the hardware: without what changes while nothing is changed (link state and
 * speed, wear, temperature, counters of use, usable memory). Two reports with one fingerprint are one report. The argument
 * is changed.
 */
export function hardwareFingerprint(report: AgentHardwareReport): Buffer {
  if (report.report !== undefined) {
    clearVolatile(report.report);
  }
  return createHash("sha256").update(toBinary(AgentHardwareReportSchema, report)).digest();
}
