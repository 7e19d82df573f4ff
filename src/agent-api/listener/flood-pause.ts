import type { Clock } from "../../lib/clock.ts";

/** Maximum numbers of remembered callers and of waiting connections per caller; further connections are closed. */
const remembered = 10_000;
/** Closing a connection would bring another handshake at once; each that waits takes some 50 KB for at most ten seconds. */
const perCaller = 512;
/** Milliseconds between the starts of a caller's connections after its pause: the first tells whether it floods again. */
const apart = 100;

/**
 * Delays new connections of callers that flooded the server. A handshake costs more than the calls after it, and such a
 * caller would reconnect at once.
 */
export interface FloodPause extends Disposable {
  /** Starts or prolongs a caller's pause; call it when one of its connections was closed for a flood. */
  note(caller: string): void;
  /**
   * Calls `go` at once, or in turn when the caller's pause is over.
   * @returns false if too many of the caller's connections are waiting: close this one; otherwise a function that stops
   * waiting
   */
  enter(caller: string, go: () => void): (() => void) | false;
}

interface Pause {
  until: number;
  waiting: Set<() => void>;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Creates the pauses; no caller pauses yet.
 * @param milliseconds how long a caller's new connections wait after one of its connections was closed
 */
export function floodPause(clock: Pick<Clock, "monotonic">, milliseconds: number): FloodPause {
  const pauses = new Map<string, Pause>();

  function next(caller: string, pause: Pause): void {
    const left = pause.until - clock.monotonic();
    if (left > 0) {
      pause.timer = setTimeout(() => next(caller, pause), left).unref();
      return;
    }
    const [go] = pause.waiting;
    if (go === undefined) {
      pauses.delete(caller);
      return;
    }
    pause.waiting.delete(go);
    pause.timer = setTimeout(() => next(caller, pause), apart).unref();
    go();
  }

  return {
    note: (caller) => {
      const there = pauses.get(caller);
      if (there !== undefined) {
        there.until = clock.monotonic() + milliseconds;
      } else if (pauses.size < remembered) {
        const pause: Pause = { until: clock.monotonic() + milliseconds, waiting: new Set(), timer: undefined };
        pauses.set(caller, pause);
        next(caller, pause);
      }
    },
    enter: (caller, go) => {
      const pause = pauses.get(caller);
      if (pause === undefined) {
        go();
        return () => undefined;
      }
      if (pause.waiting.size >= perCaller) {
        return false;
      }
      pause.waiting.add(go);
      return () => void pause.waiting.delete(go);
    },
    [Symbol.dispose]: () => {
      for (const { timer } of pauses.values()) {
        clearTimeout(timer);
      }
      pauses.clear();
    },
  };
}
