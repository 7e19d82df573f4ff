import type { Socket } from "node:net";

/**
 * Lets connections into their TLS handshakes a few at a time. A handshake is a millisecond of one core: when every agent of
 * a fleet reconnects at once, those that are connected would wait for all of them with their heartbeats. So new
 * connections wait in a line; one that says nothing is not in it, and one that stalls gives its place up.
 */
export interface Handshakes extends Disposable {
  /** Takes a connection just accepted; it is let in when its turn comes, or closed. */
  accept(socket: Socket): void;
  /** To be called when the handshake of a socket that was let in has ended, however it did. */
  done(socket: Socket): void;
  /** Connections that wait for their turn. */
  waiting(): number;
}

/** Handshakes at once, connections in the line, and milliseconds for which a handshake that stalls keeps its place. */
export const handshakeLimits = { atOnce: 8, waiting: 10_000, place: 1_000 } as const;

/**
 * @param options.begin starts the handshake
 * @param options.firstBytes milliseconds that a connection may be silent before its first bytes
 */
export function createHandshakes(options: { begin: (socket: Socket) => void; firstBytes: number }): Handshakes {
  /** In the order of their coming; a Set, so that one that goes is taken out at once. */
  const line = new Set<Socket>();
  const under = new Map<Socket, NodeJS.Timeout>();
  const silent = new Map<Socket, NodeJS.Timeout>();

  function next(): void {
    for (const socket of line) {
      if (under.size >= handshakeLimits.atOnce) {
        return;
      }
      line.delete(socket);
      under.set(
        socket,
        setTimeout(() => done(socket), handshakeLimits.place),
      );
      options.begin(socket);
    }
  }

  function done(socket: Socket): void {
    const timer = under.get(socket);
    if (timer !== undefined) {
      clearTimeout(timer);
      under.delete(socket);
      // Not at once: what else is waiting for this thread goes between two handshakes.
      setImmediate(next);
    }
  }

  function leave(socket: Socket): void {
    clearTimeout(silent.get(socket));
    silent.delete(socket);
    line.delete(socket);
    done(socket);
  }

  return {
    accept: (socket) => {
      if (line.size + silent.size >= handshakeLimits.waiting) {
        socket.destroy();
        return;
      }
      silent.set(
        socket,
        setTimeout(() => socket.destroy(), options.firstBytes),
      );
      socket.once("close", () => leave(socket));
      // A reset before the handshake: its "close" follows. Unheard, it would end the process.
      socket.on("error", () => undefined);
      socket.once("readable", () => {
        clearTimeout(silent.get(socket));
        if (silent.delete(socket) && !socket.destroyed) {
          line.add(socket);
          next();
        }
      });
    },
    done,
    waiting: () => line.size,
    [Symbol.dispose]: () => {
      for (const socket of [...line, ...silent.keys()]) {
        socket.destroy();
      }
    },
  };
}
