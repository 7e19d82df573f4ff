import type { Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";

/**
 * Lets connections into their TLS handshakes, so many milliseconds' worth in one turn of the event loop. A handshake is half a
 * millisecond of the one thread that answers heartbeats: when every agent of a fleet reconnects at once, those that are
 * connected would wait for all of them. So new connections wait in a line, and between two turns all else goes on. One
 * that says nothing is not in the line, one that is gone leaves it, and one that stalls gives its place up.
 */
export interface Handshakes extends Disposable {
  /** Takes a connection just accepted; it is let in when its turn comes, or closed. */
  accept(socket: Socket): void;
  /** To be called when the handshake of a socket that was let in has ended, however it did. */
  done(socket: Socket): void;
}

/**
 * `turn`: milliseconds of handshakes begun in one turn of the event loop. `atOnce`: handshakes under way, whose second halves
 * may come in one turn: enough for agents a tenth of a second away, few enough that these take no more than some tens of
 * milliseconds. `place`: milliseconds for which one that stalls counts as such. `waiting`: connections in the line.
 */
export const handshakeLimits = { turn: 4, atOnce: 128, place: 250, waiting: 10_000 } as const;

/**
 * @param options.begin starts the handshake; what the other end has sent is worked off at once, or in the next tick
 * @param options.firstBytes milliseconds that a connection may be silent before its first bytes
 * @param options.place see handshakeLimits
 * @param options.waiting called with the number of connections that are not let in yet, whenever it changes
 */
export function createHandshakes(options: {
  begin: (socket: Socket) => void;
  firstBytes: number;
  clock: Pick<Clock, "monotonic">;
  place?: number;
  waiting: (count: number) => void;
}): Handshakes {
  const { clock, place = handshakeLimits.place } = options;
  /** In the order of their coming, with what takes them out; a Map, so that one that goes is taken out at once. */
  const line = new Map<Socket, () => void>();
  const under = new Map<Socket, NodeJS.Timeout>();
  const silent = new Map<Socket, NodeJS.Timeout>();
  let scheduled = false;

  function schedule(): void {
    if (!scheduled && line.size > 0 && under.size < handshakeLimits.atOnce) {
      scheduled = true;
      // Not at once: what else is waiting for this thread goes first.
      setImmediate(() => next(clock.monotonic()));
    }
  }

  /** Lets the first of the line in, and more after it, unless this turn of the event loop has had enough of them. */
  function next(turnBegan: number): void {
    const [first] = line;
    if (
      first === undefined ||
      under.size >= handshakeLimits.atOnce ||
      clock.monotonic() - turnBegan >= handshakeLimits.turn
    ) {
      scheduled = false;
      told();
      schedule();
      return;
    }
    const [socket, leaveLine] = first;
    leaveLine();
    under.set(
      socket,
      setTimeout(() => done(socket), place),
    );
    options.begin(socket);
    // After the handshake's first half, which costs the time: node:tls does it in a tick of its own, asked for before this one.
    process.nextTick(next, turnBegan);
  }

  function done(socket: Socket): void {
    const timer = under.get(socket);
    if (timer !== undefined) {
      clearTimeout(timer);
      under.delete(socket);
      schedule();
    }
  }

  function told(): void {
    options.waiting(line.size + silent.size);
  }

  function enterLine(socket: Socket): void {
    const heard = socket.readableLength;
    // More that can be read, and it is not more bytes: its end. Nobody would be there for the rest of the handshake.
    const more = (): void => void (socket.readableLength <= heard && socket.destroy());
    socket.on("readable", more);
    line.set(socket, () => {
      socket.off("readable", more);
      line.delete(socket);
    });
    schedule();
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
      told();
      socket.once("close", () => {
        clearTimeout(silent.get(socket));
        silent.delete(socket);
        line.get(socket)?.();
        told();
        done(socket);
      });
      // A reset before the handshake: its "close" follows. Unheard, it would end the process.
      socket.on("error", () => undefined);
      socket.once("readable", () => {
        clearTimeout(silent.get(socket));
        if (silent.delete(socket) && !socket.destroyed) {
          enterLine(socket);
        }
      });
    },
    done,
    [Symbol.dispose]: () => {
      for (const socket of [...line.keys(), ...silent.keys()]) {
        socket.destroy();
      }
    },
  };
}
