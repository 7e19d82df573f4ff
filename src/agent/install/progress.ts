import type { Phase, ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { CallOutcome } from "../calls/control-plane.ts";
import { cleanText } from "../errors.ts";
import { CalledOff } from "./called-off.ts";

/** How far an installation is: a count of 0 bytes in all = unknown. */
export interface ProgressState {
  phase: Phase;
  bytesDone: bigint;
  bytesTotal: bigint;
  /** Why something is being tried again; absent = nothing stands in the way. */
  lastError?: string;
  /** With `lastError`: seconds until the agent gives up; 0 = it does not. */
  givesUpInSeconds?: number;
}

/** Tells the control plane how far an installation is, without holding it up. */
export interface Progress {
  /** A new phase: always sent, in order. */
  phase(phase: Phase): void;
  /** A phase that the control plane has already been told of by other means. */
  continueFrom(phase: Phase): void;
  /** Sends the phase and the bytes again, after something else was said. */
  again(): void;
  /** Bytes done: sent at most once a second, and only when nothing else is on its way. */
  bytes(done: bigint, total: bigint): void;
  /**
   * Something failed and is tried again: sent at once, or, where a report is on its way, with the next one. A new phase, or
   * bytes that move, say that it is over.
   * @param reason one line for people, cut to 1 KiB
   * @param givesUpAt `clock.monotonic()` at which the agent gives up; undefined = it does not
   * @param stays bytes that move are not the end of it, as where they come too slowly: `over` is
   */
  tryingAgain(reason: string, givesUpAt?: number, stays?: boolean): void;
  /** What `tryingAgain` told is over: the next report says so. */
  over(): void;
  /** Resolves when nothing is on its way. */
  settled(): Promise<void>;
}

const intervalMilliseconds = 1000;
// The server takes no more.
const reasonBytes = 1 << 10;

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
  let trouble: { reason: string; givesUpAt: number | undefined; stays: boolean } | undefined;
  let troubleUntold = false;
  const told = (next: ProgressState): ProgressState => {
    troubleUntold = false;
    if (trouble === undefined) {
      return next;
    }
    const { reason, givesUpAt } = trouble;
    const left = givesUpAt === undefined ? 0 : Math.max(1, Math.ceil((givesUpAt - clock.monotonic()) / 1000));
    return { ...next, lastError: reason, givesUpInSeconds: left };
  };
  const enqueue = (next: ProgressState): void => {
    state = next;
    waiting += 1;
    chain = chain.then(async () => {
      const outcome = await send(told(next));
      sentAt = clock.monotonic();
      waiting -= 1;
      if (outcome.kind === "ok" && outcome.response.cancelledGeneration !== 0n) {
        calledOff(new CalledOff("the control plane called the generation off", false));
      } else if (outcome.kind === "unauthenticated") {
        calledOff(new CalledOff(`the control plane refuses this agent's key: ${outcome.message}`, true));
      } else if (outcome.kind !== "ok") {
        log.debug({ cause: outcome.message }, "a progress report was dropped");
      }
      if (troubleUntold && waiting === 0) {
        enqueue(state);
      }
    });
  };
  return {
    phase: (phase) => {
      trouble = undefined;
      enqueue({ ...state, phase });
    },
    continueFrom: (phase) => {
      state = { ...state, phase };
    },
    over: () => {
      trouble = undefined;
    },
    tryingAgain: (reason, givesUpAt, stays = false) => {
      trouble = { reason: cutToBytes(cleanText(reason, reasonBytes), reasonBytes), givesUpAt, stays };
      troubleUntold = true;
      if (waiting === 0) {
        enqueue(state);
      }
    },
    again: () => enqueue(state),
    bytes: (bytesDone, bytesTotal) => {
      if (bytesDone > state.bytesDone && trouble?.stays === false) {
        trouble = undefined;
      }
      state = { ...state, bytesDone, bytesTotal };
      if (waiting === 0 && clock.monotonic() - sentAt >= intervalMilliseconds) {
        enqueue(state);
      }
    },
    settled: () => chain,
  };
}

/** The beginning of a text that fits into `bytes` of UTF-8; no character is cut in two. */
function cutToBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}
