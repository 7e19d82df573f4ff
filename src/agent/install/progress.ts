import type { Phase, ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { CallOutcome } from "../control-plane.ts";
import { CalledOff } from "./called-off.ts";

/** How far an installation is: a count of 0 bytes in all = unknown. */
export interface ProgressState {
  phase: Phase;
  bytesDone: bigint;
  bytesTotal: bigint;
}

/** Tells the control plane how far an installation is, without holding it up. */
export interface Progress {
  /** A new phase: always sent, in order. */
  phase(phase: Phase): void;
  /** A phase that the control plane has already been told of by other means. */
  continueFrom(phase: Phase): void;
  /** Bytes done: sent at most once a second, and only when nothing else is on its way. */
  bytes(done: bigint, total: bigint): void;
  /** Resolves when nothing is on its way. */
  settled(): Promise<void>;
}

const intervalMilliseconds = 1000;

/**
 * What cannot be sent is dropped: the next one says more. `calledOff` is called when an answer says that the generation
 * is, or that the key is refused.
 */
export function createProgress(options: {
  send: (state: ProgressState) => Promise<CallOutcome<ReportProgressResponse>>;
  calledOff: (reason: CalledOff) => void;
  clock: Pick<Clock, "monotonic">;
  log: Logger;
}): Progress {
  const { send, calledOff, clock, log } = options;
  let state: ProgressState = { phase: 0, bytesDone: 0n, bytesTotal: 0n };
  let chain = Promise.resolve();
  let waiting = 0;
  let sentAt = Number.NEGATIVE_INFINITY;
  const enqueue = (next: ProgressState): void => {
    state = next;
    waiting += 1;
    chain = chain.then(async () => {
      const outcome = await send(next);
      sentAt = clock.monotonic();
      waiting -= 1;
      if (outcome.kind === "ok" && outcome.response.cancelledGeneration !== 0n) {
        calledOff(new CalledOff("the control plane called the generation off", false));
      } else if (outcome.kind === "unauthenticated") {
        calledOff(new CalledOff(`the control plane refuses this agent's key: ${outcome.message}`, true));
      } else if (outcome.kind !== "ok") {
        log.debug({ cause: outcome.message }, "a progress report was dropped");
      }
    });
  };
  return {
    phase: (phase) => enqueue({ ...state, phase }),
    continueFrom: (phase) => {
      state = { ...state, phase };
    },
    bytes: (bytesDone, bytesTotal) => {
      state = { ...state, bytesDone, bytesTotal };
      if (waiting === 0 && clock.monotonic() - sentAt >= intervalMilliseconds) {
        enqueue(state);
      }
    },
    settled: () => chain,
  };
}
