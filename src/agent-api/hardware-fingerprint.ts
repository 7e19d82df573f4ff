import { createHash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema, type AgentHardwareReport } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/**
 * SHA-256 of what a hardware report says of the hardware: without what changes while nothing is changed (link state and
 * speed, wear, usable memory). Two reports with one fingerprint are one report. The argument is changed.
 */
export function hardwareFingerprint(report: AgentHardwareReport): Buffer {
  const node = report.report;
  if (node !== undefined) {
    node.memoryUsableRatio = 0;
    for (const device of node.blockDevice) {
      delete device.availableSpareRatio;
      delete device.usageRatio;
    }
    for (const networkInterface of node.networkInterface) {
      networkInterface.linkUp = false;
      networkInterface.currentSpeedBytes = 0n;
    }
  }
  return createHash("sha256").update(toBinary(AgentHardwareReportSchema, report)).digest();
}
