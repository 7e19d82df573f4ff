import type { ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { CallOutcome } from "../calls/control-plane.ts";
import { acknowledgeWriting } from "./acknowledge-writing.ts";

/**
 * Milliseconds after the sending of the last answered call, after which nothing is written any more. The control plane
 * lets another run write after 90 s of silence, never sooner.
 */
export const writingSilence = 60_000;

/** Whether this run may write to its disk: only while the control plane regards it as the generation's one writer. */
export interface WritingPermit {
  /**
   * Asks for WRITING until it is acknowledged.
   * @throws {CalledOff}, {AgentError} as acknowledgeWriting does
   */
  acquire(): Promise<void>;
  /** Records that a call of this run was answered OK. @param sentAt `clock.monotonic()` when it was sent */
  answered(sentAt: number): void;
  /**
   * Must be awaited before each write: resolves at once while the permit is valid. After a minute without an answer it
   * resolves only after WRITING was acknowledged again.
   * @throws as {@link WritingPermit.acquire} does
   */
  hold(): Promise<void>;
}

/** Makes a permit that is not acquired yet. `resumed` is called after each pause. */
export function createWritingPermit(options: {
  report: () => Promise<CallOutcome<ReportProgressResponse>>;
  resumed: () => void;
  clock: Clock;
  log: Logger;
  random?: (() => number) | undefined;
  signal: AbortSignal;
}): WritingPermit {
  const { report, resumed, clock, log, random, signal } = options;
  /**
   * When the permit ends, unless an answer extends it. Once it has ended, only an acknowledgement of WRITING renews it.
   */
  let until = Number.NEGATIVE_INFINITY;
  let resuming: Promise<void> | undefined;
  const lasts = (): boolean => clock.monotonic() < until;
  const acquire = async (): Promise<void> => {
    let sentAt = 0;
    const asked = (): Promise<CallOutcome<ReportProgressResponse>> => {
      sentAt = clock.monotonic();
      return report();
    };
    await acknowledgeWriting({ report: asked, clock, log, random, signal });
    until = sentAt + writingSilence;
  };
  const resume = async (): Promise<void> => {
    log.warn(
      `the control plane has not answered for ${writingSilence / 1000} s: nothing is written until it acknowledges WRITING again`,
    );
    await acquire();
    log.info("WRITING is acknowledged again: writing goes on");
    resumed();
  };
  return {
    acquire,
    answered: (sentAt) => {
      if (lasts()) {
        until = Math.max(until, sentAt + writingSilence);
      }
    },
    hold: async () => {
      // After an answer that took long, the new permit may have ended already.
      while (!lasts()) {
        resuming ??= resume().finally(() => {
          resuming = undefined;
        });
        await resuming;
      }
    },
  };
}
