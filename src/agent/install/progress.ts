import type { Phase, ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { CallOutcome } from "../calls/control-plane.ts";
import { cleanText } from "../errors.ts";
import { CalledOff } from "./called-off.ts";

/** The progress of an installation; a total of 0 bytes means unknown. */
export interface ProgressState {
  phase: Phase;
  bytesDone: bigint;
  bytesTotal: bigint;
  /** Why something is being retried; absent if nothing is. */
  lastError?: string;
  /** With `lastError`: seconds until the agent gives up; 0 means never. */
  givesUpInSeconds?: number;
}

/** Reports an installation's progress to the control plane, without delaying it. */
export interface Progress {
  /** A new phase: always sent, in order. */
  phase(phase: Phase): void;
  /** A phase that the control plane already knows from another call. */
  continueFrom(phase: Phase): void;
  /** Sends the phase and the bytes again, after another report came between. */
  again(): void;
  /** Bytes done: sent at most once a second, and only while no other report is in flight. */
  bytes(done: bigint, total: bigint): void;
  /**
   * Something failed and is retried: sent at once, or with the next report if one is in flight. A new phase, or more
   * bytes, end it.
   * @param reason one line for people, cut to 1 KiB
   * @param givesUpAt `clock.monotonic()` at which the agent gives up; undefined means never
   * @param stays more bytes do not end it (for a transfer that is too slow): only `over` does
   */
  tryingAgain(reason: string, givesUpAt?: number, stays?: boolean): void;
  /** What `tryingAgain` reported is over: the next report says so. */
  over(): void;
  /** Resolves when no report is in flight. */
  settled(): Promise<void>;
}

const intervalMilliseconds = 1000;
// The server accepts no more.
const reasonBytes = 1 << 10;

/**
 * Reports that can't be sent are dropped, since the next one has more. `calledOff` is called when an answer says that
 * the generation is called off, or that the key is refused.
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

/** The beginning of a text that fits into `bytes` of UTF-8, cut between characters. */
function cutToBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}
