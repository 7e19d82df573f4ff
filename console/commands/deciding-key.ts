import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";

/** What of a machine decides what an installation would do. Pure. */
export function decidingKey(machine: Machine | undefined): string {
  const { installation, installed, hardwareReportedAt, quarantine } = machine ?? {};
  return [
    installation?.generation,
    installation?.state,
    installed?.generation,
    hardwareReportedAt?.seconds,
    hardwareReportedAt?.nanos,
    quarantine !== undefined,
  ].join(" ");
}
