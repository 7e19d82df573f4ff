import { create } from "@bufbuild/protobuf";
import {
  AgentHardwareReportSchema,
  AgentHeartbeatRequestSchema,
} from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { AgentHardwareReport, AgentHeartbeatResponse } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { CallOutcome, ControlPlaneClient } from "../calls/control-plane.ts";
import { cleanText } from "../errors.ts";
import type { HeartbeatMemory } from "./heartbeat-next.ts";
import { heartbeatMemory, heartbeatNext } from "./heartbeat-next.ts";
import type { Installations } from "../installations.ts";
import type { RunRecord } from "../run-record.ts";
import type { Waker } from "./wake.ts";
import { defined } from "../../lib/defined.ts";

/** What the heartbeat loop needs. */
export interface HeartbeatContext {
  machineId: string;
  runId: Uint8Array;
  controlPlane: Pick<ControlPlaneClient, "heartbeat">;
  installations: Pick<Installations, "offer" | "refused" | "report" | "acknowledged">;
  hardware: AgentHardwareReport;
  /** Earlier runs on this host that are known to have ended; each is sent until a heartbeat with it is answered OK. */
  runs?: Pick<RunRecord, "ended" | "told">;
  /** What this agent can do beyond version 1 of the contract; sent with the hardware report. */
  features?: readonly string[];
  /** Called at once for each heartbeat that was answered OK, with the time at which it was sent. */
  heard?: (sentAt: number) => void;
  /** Called for each heartbeat that was answered OK, after its answer is processed. */
  answered?: () => void;
  /** The agent enrolled with its key, and can do so again. */
  canEnrol?: boolean;
  clock: Pick<Clock, "monotonic">;
  waker: Waker;
  /** Milliseconds. */
  interval: number;
  random: () => number;
  log: Logger;
  signal: AbortSignal;
}

/** Why heartbeats ended: the agent was stopped, or the key was refused so often that it must enrol again. */
export type HeartbeatEnd = "stopped" | "refused";

/**
 * Sends heartbeats until the signal is aborted, also during an installation. The hardware report goes with the first,
 * and with each further one until one with it was answered OK; a result likewise.
 */
export async function heartbeatLoop(context: HeartbeatContext): Promise<HeartbeatEnd> {
  const { controlPlane, installations, waker, interval, random, signal, clock, canEnrol = false } = context;
  let memory = heartbeatMemory;
  while (!signal.aborted) {
    const report = installations.report();
    const endedRunId = await context.runs?.ended();
    const hardware = hardwareToSend(context.hardware, memory);
    const request = create(AgentHeartbeatRequestSchema, {
      machineId: context.machineId,
      runId: context.runId,
      ...defined({ endedRunId }),
      ...(hardware === undefined ? {} : { hardwareReport: hardware, feature: [...(context.features ?? [])] }),
      ...defined({ installationReport: report }),
    });
    const sentAt = clock.monotonic();
    const outcome = await controlPlane.heartbeat(request, signal);
    if (signal.aborted) {
      return "stopped";
    }
    const options = { interval, random, carriedHardware: hardware !== undefined, canEnrol };
    const next = heartbeatNext(memory, outcome, options);
    logOutcome(context.log, memory, outcome, next.delay);
    memory = next.memory;
    if (next.enrolAnew) {
      installations.refused();
      return "refused";
    }
    if (outcome.kind === "ok") {
      context.heard?.(sentAt);
      if (report !== undefined) {
        installations.acknowledged(report.generation);
      }
      if (endedRunId !== undefined && (await moreEnded(context, endedRunId))) {
        // At once, and before a request is begun: one of these runs may be the writer that it would wait for.
        continue;
      }
      installations.offer(outcome.response);
      context.answered?.();
    } else if (next.refused) {
      installations.refused();
    }
    try {
      await (next.wakeable ? waker.sleep(next.delay) : waker.sleepThrough(next.delay));
    } catch (error) {
      if (signal.aborted) {
        return "stopped";
      }
      throw error;
    }
  }
  return "stopped";
}

/** True if another run's end is to be reported after `told`. */
async function moreEnded({ runs }: HeartbeatContext, told: Uint8Array): Promise<boolean> {
  await runs?.told(told);
  return (await runs?.ended()) !== undefined;
}

function hardwareToSend(report: AgentHardwareReport, memory: HeartbeatMemory): AgentHardwareReport | undefined {
  if (memory.hardwareTold) {
    return undefined;
  }
  return memory.hardwareRefused === undefined
    ? report
    : create(AgentHardwareReportSchema, {
        warning: [cleanText(`the control plane refused the hardware report: ${memory.hardwareRefused}`, 256)],
      });
}

/** The first failure of a kind and every change are logged at a visible level, repetitions at debug. */
function logOutcome(
  log: Logger,
  memory: HeartbeatMemory,
  outcome: CallOutcome<AgentHeartbeatResponse>,
  delay: number,
): void {
  if (outcome.kind === "ok") {
    if (!memory.accepted || memory.failures > 0) {
      log.info("the control plane answers heartbeats");
    }
    log.debug({ delay }, "heartbeat");
    return;
  }
  const details = { outcome: outcome.kind, cause: outcome.message, failures: memory.failures + 1, delay };
  switch (outcome.kind) {
    case "unavailable":
      log[memory.failures === 0 ? "warn" : "info"](details, "the control plane cannot be reached; trying again");
      break;
    case "unauthenticated":
      log.error(
        details,
        memory.accepted
          ? "the control plane refuses this agent's key, which it took before: another agent holds the machine now"
          : "the control plane refuses this agent's key: make another init file where its operators work; `farrier agent init --help` says how",
      );
      break;
    case "invalid":
      log.error(details, "the control plane refuses what this heartbeat says");
      break;
    case "fatal":
      log.error(details, "what answers at the control plane's address does not know heartbeats");
      break;
  }
}
