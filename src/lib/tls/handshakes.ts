import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../clock.ts";

/**
 * Starts TLS handshakes, a few milliseconds' worth per turn of the event loop. A handshake takes half a millisecond of
 * the single thread that answers calls. If every client reconnects at once, connected clients would wait for all of the
 * handshakes. So new connections wait in a line, and other work goes on between two turns. A connection
 * joins the line with its first bytes, leaves it when it closes, and loses its place when it stalls.
 */
export interface Handshakes extends Disposable {
  /** Takes a newly accepted connection; its handshake starts when its turn comes, or it is closed. */
  accept(socket: Socket): void;
  /** Must be called when a started handshake has ended, with or without success. */
  done(socket: Socket): void;
}

/**
 * `turn`: milliseconds of handshakes started in one turn of the event loop; their second halves and first calls take
 * about as much again in a later one, and a connected client's call needs some three turns. `atOnce`: handshakes under way; their
 * second halves may all fall into one turn. It is enough for clients a tenth of a second away, and few enough that they
 * take some tens of milliseconds at most. `place`: milliseconds after which a handshake counts as stalled. `waiting`:
 * maximum length of the line.
 */
export const handshakeLimits = { turn: 2, atOnce: 128, place: 250, waiting: 10_000 } as const;

/**
 * @param options.begin starts the handshake; bytes already received are processed at once or in the next tick
 * @param options.firstBytes milliseconds that a connection may be silent before its first bytes
 * @param options.place see handshakeLimits
 * @param options.waiting called with the length of the line whenever it changes
 */
export function createHandshakes(options: {
  begin: (socket: Socket) => void;
  firstBytes: number;
  clock: Pick<Clock, "monotonic">;
  place?: number;
  waiting: (count: number) => void;
}): Handshakes {
  const { clock, place = handshakeLimits.place } = options;
  /** In order of arrival, with each connection's removal function. A Map, so that removal is fast. */
  const line = new Map<Socket, () => void>();
  const under = new Map<Socket, NodeJS.Timeout>();
  const silent = new Map<Socket, NodeJS.Timeout>();
  let scheduled = false;

  function schedule(): void {
    if (!scheduled && line.size > 0 && under.size < handshakeLimits.atOnce) {
      scheduled = true;
      // Not at once: other work of this thread goes first.
      setImmediate(() => next(clock.monotonic()));
    }
  }

  /** Starts the first handshake in the line, and more until this turn's milliseconds are used up. */
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
    // After the first half of the handshake, which costs the time: node:tls runs it in a tick of its own, requested
    // before this one.
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
    // Readable without more bytes means the end of the stream: nobody would finish the handshake.
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
      // A reset before the handshake; its "close" follows. Without a listener it would end the process.
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
/** The TCP socket under a TLS socket; node:tls keeps it in an undeclared field. */
export function underlyingSocket(socket: TLSSocket): Socket {
  return (socket as TLSSocket & { _parent?: Socket })._parent ?? socket;
}
