import { create } from "@bufbuild/protobuf";
import { Phase, ReportProgressRequestSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Logger } from "../lib/log.ts";
import type { ControlPlaneClient } from "./calls/control-plane.ts";
import { errorText } from "./errors.ts";

// The control plane knows the result: it need not know this too.
const tellMilliseconds = 5_000;

/**
 * What starts the machine into the disk that was installed: tells the control plane, then reboots. Called again while
 * that is under way, it does nothing; a reboot that failed is tried anew with the next call.
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
