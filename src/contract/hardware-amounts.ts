import type { AgentHardwareReport } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/** The summary of a machine's hardware. */
export interface HardwareAmounts {
  cores: number;
  threads: number;
  memoryBytes: bigint;
  disks: number;
  diskBytes: bigint;
  networkInterfaces: number;
}

/** Sums up a hardware report. Negative values count as 0. Pure. */
export function hardwareAmounts(report: AgentHardwareReport): HardwareAmounts {
  const { cpu = [], blockDevice = [], networkInterface = [], memoryInstalledBytes = 0n } = report.report ?? {};
  return {
    cores: cpu.reduce((sum, { cores }) => sum + Math.max(0, cores), 0),
    threads: cpu.reduce((sum, { hardwareThreads }) => sum + Math.max(0, hardwareThreads), 0),
    memoryBytes: notNegative(memoryInstalledBytes),
    disks: blockDevice.length,
    diskBytes: blockDevice.reduce((sum, { capacityBytes }) => sum + notNegative(capacityBytes), 0n),
    networkInterfaces: networkInterface.length,
  };
}

const notNegative = (value: bigint): bigint => (value > 0n ? value : 0n);
