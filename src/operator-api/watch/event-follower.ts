import type { HistoryEvent } from "../../database/history.ts";
import type { EventCursor, EventPage, HistoryEventRow } from "../../database/queries/event/event-page.ts";
import type { Clock } from "../../lib/clock.ts";
import { waiters } from "./waiters.ts";

/** Events that are kept for a reader; with more, it reads the database itself. */
const kept = 500;

/** The events that a reader has not taken yet. */
export interface EventFollower extends Disposable {
  /** Resolves when events are collected. @throws what the database said */
  ready: Promise<void>;
  /**
   * What came since the last call, with the cursor behind it; undefined if nothing came. "overflow" if it was too much:
   * then the database has to be read up to its end. @throws what the database said
   */
  take(): EventPage | "overflow" | undefined;
  /** Resolves when there is something to take, after `milliseconds`, or when the signal aborts. */
  wait(milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void>;
}

/** The tail's side of it. */
export interface OpenEventFollower extends EventFollower {
  add(page: EventPage): void;
  fail(error: unknown): void;
}

/** A follower of events of some kinds; `close` is called once it is disposed of. */
export function eventFollower(
  wanted: ReadonlySet<HistoryEvent>,
  ready: Promise<void>,
  close: () => void,
): OpenEventFollower {
  let pending: HistoryEventRow[] = [];
  let overflow = false;
  let newest: EventCursor | undefined;
  let failed: { error: unknown } | undefined;
  const waiting = waiters();
  const something = (): boolean => pending.length > 0 || overflow || failed !== undefined;

  return {
    ready,
    add: (page) => {
      newest = page.cursor;
      const added = overflow ? [] : page.events.filter(({ event }) => wanted.has(event));
      if (pending.length + added.length > kept) {
        overflow = true;
        pending = [];
      } else {
        pending.push(...added);
      }
      if (something()) {
        waiting.waken();
      }
    },
    fail: (error) => {
      failed = { error };
      waiting.waken();
    },
    take: () => {
      if (failed !== undefined) {
        throw failed.error;
      }
      if (overflow) {
        overflow = false;
        return "overflow";
      }
      if (newest === undefined) {
        return undefined;
      }
      const taken = { events: pending, cursor: newest, more: false };
      pending = [];
      newest = undefined;
      return taken;
    },
    wait: async (milliseconds, clock, signal) => {
      if (!something() && !signal.aborted) {
        await waiting.wait(milliseconds, clock, signal);
      }
    },
    [Symbol.dispose]: close,
  };
}
