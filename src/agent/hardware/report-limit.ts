import { toBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";

// The server refuses a larger report (docs/wire.md).
const reportLimit = 512 << 10;
const warningLimit = 64;
const tooLarge = "the report was too large: part of its lists is left out";

/** Removes the least important lists until the server accepts the report, and adds a warning. Changes the report. */
export function reportWithinLimit(report: AgentHardwareReport, limit = reportLimit): AgentHardwareReport {
  const size = (): number => toBinary(AgentHardwareReportSchema, report).length;
  const node = report.report;
  if (node === undefined || size() <= limit) {
    return report;
  }
  report.warning = [...report.warning.slice(0, warningLimit - 1), tooLarge];
  const steps: (() => void)[] = [
    () => (node.pciDevice = half(node.pciDevice)),
    () => (node.memoryDevice = half(node.memoryDevice)),
    () => {
      for (const device of node.blockDevice) {
        // One name of each kind still selects the disk.
        device.byPath = device.byPath.slice(0, 1);
        device.byId = device.byId.slice(0, 1);
      }
    },
  ];
  for (let round = 0; size() > limit && round < 64; round += 1) {
    const step = steps.shift();
    if (step === undefined) {
      node.pciDevice = half(node.pciDevice);
      node.memoryDevice = half(node.memoryDevice);
      node.numaNode = half(node.numaNode);
      node.blockDevice = half(node.blockDevice);
      node.networkInterface = half(node.networkInterface);
      node.cpu = half(node.cpu);
    } else {
      step();
    }
  }
  return report;
}

function half<Item>(items: readonly Item[]): Item[] {
  return items.slice(0, Math.floor(items.length / 2));
}
