import type { CountedConnection } from "../../lib/net/byte-limit.ts";
import type { Clock } from "../../lib/clock.ts";

/** Connections that start in one turn of the event loop at most: as many as handshakes end in a turn. */
const mostATurn = 8;
/** Bytes that a connection has sent a turn after its start, above which it may be a flood; an agent's first call has few. */
const calmBytes = 64 << 10;
/** Milliseconds for which connections start one by one after a flood. */
const cautious = 5_000;

/**
 * Starts new connections in turns. What a new connection has sent is read and processed at once, up to half a megabyte:
 * as a flood this takes some ten milliseconds, and many at once would delay all calls by the sum. So the first one
 * starts alone, and as long as those that have started are calm, more start in each turn. A flood's other connections
 * then wait (flood-pause.ts).
 */
export interface ConnectionStarts extends Disposable {
  /** Calls `go` in a later turn. Returns a function that prevents it. */
  enter(connection: CountedConnection, go: () => void): () => void;
  /** A connection was closed for a flood. */
  flooded(): void;
}

/** Nothing waits at first. */
export function connectionStarts(clock: Pick<Clock, "monotonic">): ConnectionStarts {
  /** In order of arrival. A Map, so that removal is fast. */
  const line = new Map<() => void, CountedConnection>();
  let cautiousUntil = Number.NEGATIVE_INFINITY;
  let perTurn = 1;
  /** Those of the turn before. */
  let started: CountedConnection[] = [];
  let turn: NodeJS.Immediate | undefined;

  function next(): void {
    const calm = clock.monotonic() >= cautiousUntil && started.every(({ bytesRead }) => bytesRead <= calmBytes);
    perTurn = calm && started.length > 0 ? Math.min(perTurn * 2, mostATurn) : 1;
    started = [];
    for (const [go, connection] of line) {
      if (started.length === perTurn) {
        break;
      }
      line.delete(go);
      started.push(connection);
      go();
    }
    turn = started.length === 0 ? undefined : setImmediate(next);
  }

  return {
    enter: (connection, go) => {
      line.set(go, connection);
      turn ??= setImmediate(next);
      return () => void line.delete(go);
    },
    flooded: () => {
      cautiousUntil = clock.monotonic() + cautious;
    },
    [Symbol.dispose]: () => {
      line.clear();
      clearImmediate(turn);
    },
  };
}
