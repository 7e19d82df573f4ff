import { createHash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema, type AgentHardwareReport } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/**
 * SHA-256 of what a hardware report says of the hardware: without what changes while nothing is changed (link state and
 * speed, wear, temperature, counters of use, usable memory). Two reports with one fingerprint are one report. The argument
 * is changed.
 */
export function hardwareFingerprint(report: AgentHardwareReport): Buffer {
  const node = report.report;
  if (node !== undefined) {
    node.memoryUsableRatio = 0;
    for (const device of node.blockDevice) {
      delete device.availableSpareRatio;
      delete device.usageRatio;
      delete device.temperatureCelsius;
      delete device.powerOnHours;
      delete device.powerCycles;
      delete device.unsafeShutdowns;
      delete device.writtenBytes;
    }
    for (const networkInterface of node.networkInterface) {
      networkInterface.linkUp = false;
      networkInterface.currentSpeedBytes = 0n;
      networkInterface.duplex = "";
    }
    for (const pciDevice of node.pciDevice) {
      // Links slow down while nothing is to do; their width is lost with a contact.
      pciDevice.linkSpeed = "";
    }
    for (const numaNode of node.numaNode) {
      // Another kernel takes more or less for itself.
      numaNode.memoryBytes = 0n;
    }
  }
  return createHash("sha256").update(toBinary(AgentHardwareReportSchema, report)).digest();
}
