import { create } from "@bufbuild/protobuf";
import type { ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { ReportProgressRequestSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { CallOutcome, ControlPlaneClient } from "../calls/control-plane.ts";
import type { DiskSource } from "../disk/disks.ts";
import type { CheckedRequest } from "./check-request.ts";
import type { FetchLimits } from "./fetch/http-answer.ts";
import type { Progress, ProgressState } from "./progress.ts";
import type { WritingPermit } from "./writing-permit.ts";

/** What an installation needs. */
export interface InstallationContext {
  machineId: string;
  runId: Uint8Array;
  controlPlane: Pick<ControlPlaneClient, "reportProgress">;
  disks: DiskSource;
  clock: Clock;
  log: Logger;
  random?: (() => number) | undefined;
  limits?: Partial<FetchLimits> | undefined;
  /**
   * Registers a listener that is called, for each heartbeat answered OK, with the time at which it was sent
   * (`clock.monotonic()`). Call the returned function to remove it.
   */
  onHeartbeat?: ((listener: (sentAt: number) => void) => () => void) | undefined;
  /** Whether the machine booted by UEFI; undefined means that it is determined here. */
  bootsByUefi?: (() => Promise<boolean>) | undefined;
}

/** A running installation. */
export interface Run extends InstallationContext {
  checked: CheckedRequest;
  generation: bigint;
  progress: Progress;
  permit: WritingPermit;
  signal: AbortSignal;
}

/** Reports an installation's progress to the control plane. */
export function reportProgress(
  context: Pick<InstallationContext, "controlPlane" | "machineId" | "runId">,
  generation: bigint,
  state: ProgressState,
  signal: AbortSignal,
): Promise<CallOutcome<ReportProgressResponse>> {
  const { machineId, runId } = context;
  const message = create(ReportProgressRequestSchema, { machineId, runId, generation, ...state });
  return context.controlPlane.reportProgress(message, signal);
}
