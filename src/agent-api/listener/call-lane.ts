import type { ServerHttp2Stream } from "node:http2";
import type { Clock } from "../../lib/clock.ts";
import { timeBudget } from "../admission/time-budget.ts";

/** A call whose headers have arrived, but which has not begun yet. */
export interface WaitingCall {
  stream: ServerHttp2Stream;
  /** The caller, to which `perCaller` applies. */
  caller: unknown;
  begin: () => void;
}

/** Calls that wait before they reach the gRPC library, so that each holds only its stream. */
export interface CallLane {
  /**
   * Queues a call. "flood": too many calls of this caller are waiting, so its connection is to be closed. "full": the calls of
   * others take all places, so this call alone is to be refused.
   */
  enter(call: WaitingCall): "waits" | "flood" | "full";
  /** Charges the time of a call that did not wait here. */
  spend(milliseconds: number): void;
}

/** Limits on a lane's calls. */
export interface LaneLimits {
  /** Milliseconds that may be spent on starting calls in one turn of the event loop. */
  turn: number;
  /** Milliseconds of this thread that all calls may cost; absent = only `turn` limits them. */
  time?: { perSecond: number; burst: number };
  /** Maximum number of waiting calls of one caller; `most` is the maximum in total. */
  perCaller: number;
  most: number;
}

/**
 * The whole cost of a call, in multiples of the time to start it: its message, its row of a batch and its answer
 * follow.
 */
const wholeCost = 3;
/** Milliseconds until the budget is checked again once it is used up. */
const tick = 20;

/** Creates an empty lane. */
export function callLane(limits: LaneLimits, clock: Pick<Clock, "monotonic">): CallLane {
  /** The waiting calls in order of arrival. A Set, so that removing a call is fast. */
  const line = new Set<WaitingCall>();
  const waiting = new Map<unknown, number>();
  const budget = limits.time === undefined ? undefined : timeBudget(limits.time);
  let scheduled = false;

  function leave(call: WaitingCall): boolean {
    if (!line.delete(call)) {
      return false;
    }
    const left = (waiting.get(call.caller) ?? 1) - 1;
    if (left === 0) {
      waiting.delete(call.caller);
    } else {
      waiting.set(call.caller, left);
    }
    return true;
  }

  /** Charges what calls took. A debt is at most the burst, so that the lane opens again soon after a flood. */
  function charge(milliseconds: number): void {
    if (budget !== undefined && limits.time !== undefined) {
      const most = budget.left(clock.monotonic()) + limits.time.burst;
      budget.spend(Math.max(0, Math.min(milliseconds * wholeCost, most)));
    }
  }

  function schedule(): void {
    if (scheduled || line.size === 0) {
      return;
    }
    scheduled = true;
    if (budget !== undefined && budget.left(clock.monotonic()) <= 0) {
      setTimeout(next, tick).unref();
    } else {
      setImmediate(next);
    }
  }

  function next(): void {
    scheduled = false;
    const began = clock.monotonic();
    const until = began + Math.min(limits.turn, budget?.left(began) ?? Number.POSITIVE_INFINITY);
    let now = began;
    for (const call of line) {
      if (now >= until) {
        break;
      }
      leave(call);
      if (call.stream.closed || call.stream.destroyed) {
        call.stream.destroy();
      } else {
        call.begin();
      }
      now = clock.monotonic();
    }
    charge(now - began);
    schedule();
  }

  return {
    enter: (call) => {
      const before = waiting.get(call.caller) ?? 0;
      if (before >= limits.perCaller) {
        return "flood";
      }
      if (line.size >= limits.most) {
        return "full";
      }
      waiting.set(call.caller, before + 1);
      line.add(call);
      call.stream.once("close", () => leave(call));
      schedule();
      return "waits";
    },
    spend: charge,
  };
}
