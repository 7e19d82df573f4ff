import type { BackoffPolicy } from "../database/backoff.ts";
import { DatabaseError } from "../database/errors.ts";
import type { Session } from "../database/session.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Tx } from "../database/transaction.ts";
import type { Work } from "../database/work.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { rateLimit } from "../lib/rate-limit.ts";
import { retryDelay } from "../lib/retry.ts";
import { abortable } from "./abortable.ts";

/** The result of processing a machine. */
export type ProcessOutcome =
  /** Done: `tags` writes in the transaction that ends the work. */
  | { outcome: "finish"; tags?: (tx: Tx) => Promise<void> }
  /** Failed: the machine backs off. `tags`, if given, writes in the transaction that records the failure. */
  | { outcome: "fail"; cause: string; tags?: (tx: Tx) => Promise<void> };

/** One process of the shepherd, as the loop needs it. */
export interface ControlProcess {
  name: string;
  backoff: BackoffPolicy;
  claim(session: Session, limit: number): Promise<Work[]>;
  /** Processes one machine; the signal aborts when the session is lost or the loop stops. */
  process(work: Work, session: Session, signal: AbortSignal): Promise<ProcessOutcome>;
}

/** What one turn of a loop did. */
export interface ControlTurn {
  claimed: number;
  finished: number;
  failed: number;
  /** Number of works whose end could not be stored: they are freed when the session expires. */
  dropped: number;
}

export interface ControlLoopOptions {
  sessions: SessionHolder;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
  /** Milliseconds between two searches that find nothing. */
  interval: number;
  /** Number of machines that are processed concurrently. */
  parallelism: number;
  /** Maximum number of machines that are begun per second, on average. */
  perSecond: number;
  turned(turn: ControlTurn): void;
}

/** Milliseconds between two attempts to free work. */
const giveBackPolicy = { initial: 200, maximum: 5_000, factor: 2 };

/**
 * Claims machines, processes them, and ends each work as finished or failed, until the signal aborts; running work is
 * then given back. A slow machine does not delay others, because each place is reused as soon as it is free. A failed
 * claim or a lost session costs one turn only.
 */
export async function controlLoop(process: ControlProcess, options: ControlLoopOptions): Promise<void> {
  const { clock, signal, log } = options;
  const limit = rateLimit({ clock, perSecond: options.perSecond, burst: options.parallelism });
  const turns = new Set<Promise<void>>();
  let busy = 0;
  let freed = Promise.withResolvers<undefined>();
  const ended = (): void => {
    busy -= 1;
    freed.resolve(undefined);
  };
  while (!signal.aborted) {
    let claimed = 0;
    try {
      const session = await abortable(options.sessions.next(), signal);
      const turn = await turnBegin(process, session, Math.min(options.parallelism - busy, limit.available()), {
        ...options,
        ended,
      });
      claimed = turn.claimed;
      busy += claimed;
      limit.take(claimed);
      const over: Promise<void> = turn.over.then((what) => {
        turns.delete(over);
        options.turned(what);
      });
      turns.add(over);
    } catch (error) {
      if (!signal.aborted) {
        log.warn(
          { process: process.name, error: describeError(error) },
          "a turn of the loop failed; the next will try again",
        );
      }
      options.turned({ claimed: 0, finished: 0, failed: 0, dropped: 0 });
    }
    if (busy === options.parallelism) {
      await freed.promise;
    }
    freed = Promise.withResolvers<undefined>();
    if (claimed === 0) {
      await clock.sleep(options.interval, signal).catch(() => undefined);
    }
  }
  await Promise.all(turns);
}

/**
 * Makes one claim and starts processing the claimed machines. `over` never rejects, and resolves when the processing of
 * each machine has ended.
 */
async function turnBegin(
  process: ControlProcess,
  session: Session,
  limit: number,
  { log, clock, signal, ended }: Pick<ControlLoopOptions, "log" | "clock" | "signal"> & { ended: () => void },
): Promise<{ claimed: number; over: Promise<ControlTurn> }> {
  const turn: ControlTurn = { claimed: 0, finished: 0, failed: 0, dropped: 0 };
  const held = limit === 0 ? [] : await process.claim(session, limit);
  turn.claimed = held.length;
  const lost = AbortSignal.any([session.lost, signal]);
  const all = held.map(async (work) => {
    try {
      turn[await processOne(process, work, session, { log, clock, signal: lost, stop: signal })] += 1;
    } catch (error) {
      turn.dropped += 1;
      log.warn(
        { process: process.name, machine: work.machineId, error: describeError(error) },
        "the work could not be ended; it is given back when its session is",
      );
    } finally {
      ended();
    }
  });
  return { claimed: held.length, over: Promise.all(all).then(() => turn) };
}

async function processOne(
  process: ControlProcess,
  work: Work,
  session: Session,
  options: Pick<ControlLoopOptions, "log" | "clock" | "signal"> & { stop: AbortSignal },
): Promise<"finished" | "failed" | "dropped"> {
  const outcome = await process
    .process(work, session, options.signal)
    .catch((error: unknown): ProcessOutcome => ({ outcome: "fail", cause: describeError(error) }));
  try {
    if (outcome.outcome === "finish") {
      await work.finish(outcome.tags);
      return "finished";
    }
    if (options.stop.aborted && !session.lost.aborted) {
      // Stopping is not a failure of the machine, so the next search may take it at once.
      await work.cancel("the component is stopping");
      return "dropped";
    }
    await work.fail(process.backoff, outcome.cause, outcome.tags);
  } catch (error) {
    await giveBack(process, work, error, options);
  }
  return "failed";
}

/**
 * Ends a work as failed, without its tags, after its end did not commit. This session lives on, so otherwise nothing
 * would free the machine. It is retried until it commits, or until the end of the session frees the machine.
 * @throws errors that a retry can't help: the session is lost, the session does not hold the work, or the loop stops
 */
async function giveBack(
  process: ControlProcess,
  work: Work,
  reason: unknown,
  { log, clock, signal }: Pick<ControlLoopOptions, "log" | "clock" | "signal">,
): Promise<void> {
  let last = reason;
  for (let attempt = 0; ; attempt += 1) {
    if (last instanceof DatabaseError && (last.code === "session_lost" || last.code === "not_found")) {
      throw last;
    }
    log.warn(
      { process: process.name, machine: work.machineId, error: describeError(last) },
      "the end of the work did not commit; it is given back as failed",
    );
    try {
      return await work.fail(process.backoff, `its end could not be committed: ${describeError(reason)}`);
    } catch (error) {
      last = error;
      await clock.sleep(retryDelay(giveBackPolicy, attempt), signal);
    }
  }
}
