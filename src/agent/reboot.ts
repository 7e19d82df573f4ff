import { create } from "@bufbuild/protobuf";
import { Phase, ReportProgressRequestSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Logger } from "../lib/log.ts";
import type { ControlPlaneClient } from "./calls/control-plane.ts";
import { errorText } from "./errors.ts";

// Milliseconds for the report. The control plane knows the result already; the reboot's progress matters less.
const tellMilliseconds = 5_000;

/**
 * Reboots the machine into the installed disk, after reporting it to the control plane. A call during a reboot does
 * nothing; after a failed reboot the next call tries again.
 */
export function createReboot(options: {
  reboot: () => Promise<void>;
  controlPlane: Pick<ControlPlaneClient, "reportProgress">;
  machineId: string;
  runId: Uint8Array;
  log: Logger;
  signal: AbortSignal;
}): (generation: bigint) => void {
  const { reboot, controlPlane, machineId, runId, log, signal } = options;
  let underWay = false;
  const begin = async (generation: bigint): Promise<void> => {
    const message = create(ReportProgressRequestSchema, { machineId, runId, generation, phase: Phase.REBOOTING });
    const patience = AbortSignal.any([signal, AbortSignal.timeout(tellMilliseconds)]);
    const outcome = await controlPlane.reportProgress(message, patience);
    if (signal.aborted) {
      return;
    }
    log.info({ generation: String(generation), told: outcome.kind }, "rebooting into the disk");
    await reboot();
  };
  return (generation) => {
    if (underWay) {
      return;
    }
    underWay = true;
    begin(generation).catch((error: unknown) => {
      underWay = false;
      log.error({ err: errorText(error) }, "the machine could not be rebooted; it is tried again");
    });
  };
}
