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

/** What an installation works with. */
export interface InstallationContext {
  machineId: string;
  runId: Uint8Array;
  controlPlane: Pick<ControlPlaneClient, "reportProgress">;
  disks: DiskSource;
  clock: Clock;
  log: Logger;
  random?: (() => number) | undefined;
  limits?: Partial<FetchLimits> | undefined;
  /** Has a listener called with the time (`clock.monotonic()`) at which each heartbeat that was answered OK was sent, until the answer is called. */
  onHeartbeat?: ((listener: (sentAt: number) => void) => () => void) | undefined;
  /** Whether the machine was booted by UEFI; undefined = it is looked at. */
  bootsByUefi?: (() => Promise<boolean>) | undefined;
}

/** One installation, under way. */
export interface Run extends InstallationContext {
  checked: CheckedRequest;
  generation: bigint;
  progress: Progress;
  permit: WritingPermit;
  signal: AbortSignal;
}

/** Tells the control plane how far an installation is. */
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
