import { create } from "@bufbuild/protobuf";
import {
  AgentHardwareReportSchema,
  AgentHeartbeatRequestSchema,
} from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { AgentHardwareReport, AgentHeartbeatResponse } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { Logger } from "../../lib/log.ts";
import type { CallOutcome, ControlPlane } from "../calls/control-plane.ts";
import { cleanText } from "../errors.ts";
import type { HeartbeatMemory } from "./heartbeat-next.ts";
import { heartbeatMemory, heartbeatNext } from "./heartbeat-next.ts";
import type { Installations } from "../installations.ts";
import type { Waker } from "./wake.ts";

/** What the heartbeat's loop works with. */
export interface HeartbeatContext {
  machineId: string;
  runId: Uint8Array;
  controlPlane: Pick<ControlPlane, "heartbeat">;
  installations: Pick<Installations, "offer" | "refused" | "report" | "acknowledged">;
  hardware: AgentHardwareReport;
  /** Called for each heartbeat that was answered OK, once its answer is heeded. */
  answered?: () => void;
  waker: Waker;
  /** Milliseconds. */
  interval: number;
  random: () => number;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Heartbeats until the signal is aborted, also while something is being installed. The hardware report goes with the
 * first, and with each until one that carried it was answered OK; a result in the same way.
 */
export async function heartbeatLoop(context: HeartbeatContext): Promise<void> {
  const { controlPlane, installations, waker, interval, random, signal } = context;
  let memory = heartbeatMemory;
  while (!signal.aborted) {
    const report = installations.report();
    const hardware = hardwareToSend(context.hardware, memory);
    const request = create(AgentHeartbeatRequestSchema, {
      machineId: context.machineId,
      runId: context.runId,
      ...(hardware === undefined ? {} : { hardwareReport: hardware }),
      ...(report === undefined ? {} : { installationReport: report }),
    });
    const outcome = await controlPlane.heartbeat(request, signal);
    if (signal.aborted) {
      return;
    }
    const next = heartbeatNext(memory, outcome, { interval, random, carriedHardware: hardware !== undefined });
    logOutcome(context.log, memory, outcome, next.delay);
    memory = next.memory;
    if (outcome.kind === "ok") {
      if (report !== undefined) {
        installations.acknowledged(report.generation);
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
        return;
      }
      throw error;
    }
  }
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

/** The first failure of a kind and every change is told aloud; the repetitions between only in detail. */
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
          : "the control plane refuses this agent: make its key known with: farrier agent init MACHINE --out FILE",
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
