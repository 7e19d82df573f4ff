import type { Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import { byteLimit } from "../../lib/net/byte-limit.ts";
import { connectionShares, type ConnectionPlace } from "../../lib/net/connection-shares.ts";
import { connectionsSpaced } from "../../lib/net/connections-spaced.ts";
import { floodGap } from "../../lib/net/flood-gap.ts";
import type { AnyServer } from "./server.ts";

/**
 * Limits on open connections: in total; per address before a valid credential was presented; and on requests of such
 * connections. A client with many concurrent calls opens many new connections.
 */
const connectionLimits = { most: 512, perAddress: 32, burst: { perAddress: 256, lasts: 1_000 }, requests: 64 };
/**
 * Bytes between two requests before a valid credential was presented. A request's headers have at most 16 KiB, and no
 * more than some 64 KiB of its body is read until its caller is known.
 */
const unprovenBytes = { unused: 256 << 10, perCall: 256 << 10 };

/** The addresses and ports of both ends, which identify a connection. */
type Ends = Pick<Socket, "localAddress" | "localPort" | "remoteAddress" | "remotePort">;

/** The places of a server's connections. */
export interface ConnectionPlaces extends Disposable {
  /** Finds the place by a request's socket; undefined once the connection is closed. */
  of(socket: Ends): ConnectionPlace | undefined;
}

/**
 * Gives every accepted connection a place. Until a valid credential is presented on it, it is closed after
 * `unprovenFor` milliseconds, whatever it sends, and at once if it floods; the next connections of a flood's address are
 * taken one at a time. Call this before other listeners of "connection" are added that only count connections.
 */
export function connectionPlaces(
  server: AnyServer,
  { unprovenFor, clock }: { unprovenFor: number; clock: Pick<Clock, "monotonic"> },
): ConnectionPlaces {
  const shares = connectionShares({ ...connectionLimits, unprovenFor });
  const bytes = byteLimit(unprovenBytes);
  const gap = floodGap(clock);
  // Keyed by addresses, because over HTTP/2 a request's socket is a proxy of the TLS socket, and neither is the
  // accepted one.
  const places = new Map<string, ConnectionPlace>();

  function placeOf(socket: Socket): ConnectionPlace {
    const { remoteAddress } = socket;
    const place = shares.enter(socket);
    let asked = 0;
    let proven = false;
    const watch = bytes.watch(socket, () => {
      gap.note(remoteAddress);
      socket.destroy();
    });
    socket.once("close", () => watch.end());
    return {
      proven: () => {
        proven = true;
        watch.end();
        place.proven();
      },
      busy: () => {
        asked += 1;
        watch.called();
        const ended = place.busy();
        if (ended === undefined && !proven && asked > connectionLimits.requests) {
          gap.note(remoteAddress);
        }
        return ended;
      },
    };
  }

  connectionsSpaced(server, gap);
  server.prependListener("connection", (socket: Socket) => {
    const name = nameOf(socket);
    socket.once("close", () => places.delete(name));
    places.set(name, placeOf(socket));
  });
  return {
    of: (socket) => places.get(nameOf(socket)),
    [Symbol.dispose]: () => {
      bytes[Symbol.dispose]();
      gap[Symbol.dispose]();
    },
  };
}

function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Ends): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
