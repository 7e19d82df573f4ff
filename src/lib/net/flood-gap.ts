import { addressNetwork } from "./address-limit.ts";
import type { Clock } from "../clock.ts";

/** A connection that was accepted, and of which nothing was read yet. */
export interface AcceptedConnection {
  readonly remoteAddress?: string | undefined;
  readonly destroyed: boolean;
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** Milliseconds between two new connections of an address that floods, and for how long after its last flood. */
const limits = { apart: 100, lasts: 5_000, remembered: 10_000 } as const;

/**
 * Spaces the new connections of addresses that flooded a port. Closing a flood's connection alone does not end it: the
 * next one is there at once, and costs a handshake more. Others behind the same address wait in the same line, some
 * seconds at most.
 */
export interface FloodGap extends Disposable {
  /** A connection from this address was closed for a flood. */
  note(address: string | undefined): void;
  /** Calls `go` at once, or, for an address that flooded, when the connection's turn comes. */
  enter(connection: AcceptedConnection, go: () => void): void;
}

interface Line {
  until: number;
  waiting: Map<AcceptedConnection, () => void>;
  timer: NodeJS.Timeout | undefined;
}

/** Starts without addresses that flooded; for IPv6 an address is a /64. Disposing closes the connections that wait. */
export function floodGap(clock: Pick<Clock, "monotonic">): FloodGap {
  const lines = new Map<string, Line>();

  function next(network: string, line: Line): void {
    const [first] = line.waiting;
    if (first === undefined && clock.monotonic() >= line.until) {
      lines.delete(network);
      return;
    }
    line.timer = setTimeout(() => next(network, line), limits.apart).unref();
    if (first !== undefined) {
      const [connection, go] = first;
      line.waiting.delete(connection);
      if (!connection.destroyed) {
        go();
      }
    }
  }

  return {
    note: (address) => {
      const network = addressNetwork(address ?? "");
      const until = clock.monotonic() + limits.lasts;
      const there = lines.get(network);
      if (there !== undefined) {
        there.until = until;
      } else if (lines.size < limits.remembered) {
        const line: Line = { until, waiting: new Map(), timer: undefined };
        line.timer = setTimeout(() => next(network, line), limits.apart).unref();
        lines.set(network, line);
      }
    },
    enter: (connection, go) => {
      const line = lines.get(addressNetwork(connection.remoteAddress ?? ""));
      if (line === undefined) {
        go();
        return;
      }
      line.waiting.set(connection, go);
      connection.once("close", () => line.waiting.delete(connection));
    },
    [Symbol.dispose]: () => {
      for (const { timer, waiting } of lines.values()) {
        clearTimeout(timer);
        for (const connection of [...waiting.keys()]) {
          connection.destroy();
        }
      }
      lines.clear();
    },
  };
}
