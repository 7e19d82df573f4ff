import { pushbackDelay, retryDelay } from "../../lib/retry.ts";
import type { CallOutcome } from "../calls/control-plane.ts";

/** The state of the heartbeat loop. */
export interface HeartbeatMemory {
  /** Failures since the last OK. */
  failures: number;
  /** How many of those were refusals of the key. */
  refusals: number;
  /** The control plane has accepted this agent's key at least once. */
  accepted: boolean;
  /** A heartbeat with the hardware report was answered OK. */
  hardwareTold: boolean;
  /** Why the hardware report was refused; from then on only this reason is sent instead of the report. */
  hardwareRefused?: string;
}

export interface HeartbeatNext {
  memory: HeartbeatMemory;
  /** Milliseconds until the next heartbeat. */
  delay: number;
  /** A new result may end the pause early. */
  wakeable: boolean;
  /** Another agent has replaced this one: abort what is running. */
  refused: boolean;
  /** The key was refused so often that this agent must enrol again. */
  enrolAnew: boolean;
}

/** At the start of a run. */
export const heartbeatMemory: HeartbeatMemory = { failures: 0, refusals: 0, accepted: false, hardwareTold: false };

/**
 * Refusals of a key that the agent enrolled with, after which it enrols again: its machine may have been deleted, or be
 * newer than the backup that was restored.
 */
export const refusalsBeforeEnrolment = 20;

// Interval ± 5 %: agents that were started together drift apart.
const jitter = 0.05;

/**
 * When to send the next heartbeat after `outcome`. A failure is retried when the server said so, otherwise with backoff,
 * in both cases within two intervals. After refusals of a key that was accepted before, and with a control plane that does
 * not know heartbeats, only every 4 to 20 intervals (minutes). An agent that can enrol again is not slowed: it enrols
 * within a quarter of an hour.
 */
export function heartbeatNext(
  memory: HeartbeatMemory,
  outcome: CallOutcome<unknown>,
  options: { interval: number; carriedHardware: boolean; random: () => number; canEnrol?: boolean },
): HeartbeatNext {
  const { interval, carriedHardware, random, canEnrol = false } = options;
  const quick = { initial: Math.min(1000, interval), maximum: 2 * interval, factor: 2 };
  const slow = { initial: 4 * interval, maximum: 20 * interval, factor: 2 };
  const failed = { ...memory, failures: memory.failures + 1 };
  const after = (policy: typeof quick): number => retryDelay(policy, memory.failures, random);
  switch (outcome.kind) {
    case "ok":
      return {
        memory: {
          ...memory,
          failures: 0,
          refusals: 0,
          accepted: true,
          hardwareTold: memory.hardwareTold || carriedHardware,
        },
        delay: Math.round(interval * (1 - jitter + 2 * jitter * random())),
        wakeable: true,
        refused: false,
        enrolAnew: false,
      };
    case "unavailable": {
      // The server's wait differs for each agent. However long it is, the machine must not be taken for dead.
      const delay = pushbackDelay(quick, memory.failures, { pushback: outcome.retryAfter, random });
      return { memory: failed, delay, wakeable: true, refused: false, enrolAnew: false };
    }
    case "invalid": {
      // A machine with unusual hardware must not be taken for dead: it goes on without the refused report.
      const next = carriedHardware ? { ...failed, hardwareRefused: outcome.message } : failed;
      return { memory: next, delay: after(quick), wakeable: false, refused: false, enrolAnew: false };
    }
    case "unauthenticated": {
      const refusals = memory.refusals + 1;
      return {
        memory: { ...failed, refusals },
        delay: after(memory.accepted && !canEnrol ? slow : quick),
        wakeable: false,
        refused: memory.accepted,
        enrolAnew: canEnrol && refusals >= refusalsBeforeEnrolment,
      };
    }
    case "fatal":
      return { memory: failed, delay: after(slow), wakeable: false, refused: false, enrolAnew: false };
  }
}
