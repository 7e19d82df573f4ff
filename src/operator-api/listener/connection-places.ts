import type { Socket } from "node:net";
import { connectionShares, type ConnectionPlace } from "../../lib/net/connection-shares.ts";
import type { AnyServer } from "./server.ts";

/**
 * Limits on open connections: in total; per address before a valid credential was presented; and on requests of such
 * connections. A client with many concurrent calls opens many new connections.
 */
const connectionLimits = { most: 512, perAddress: 32, burst: { perAddress: 256, lasts: 1_000 }, requests: 64 };

/** The addresses and ports of both ends, which identify a connection. */
type Ends = Pick<Socket, "localAddress" | "localPort" | "remoteAddress" | "remotePort">;

/** The places of a server's connections. */
export interface ConnectionPlaces {
  /** Finds the place by a request's socket; undefined once the connection is closed. */
  of(socket: Ends): ConnectionPlace | undefined;
}

/**
 * Gives every accepted connection a place. Until a valid credential is presented on it, it is closed after
 * `unprovenFor` milliseconds, whatever it sends.
 */
export function connectionPlaces(server: AnyServer, unprovenFor: number): ConnectionPlaces {
  const shares = connectionShares({ ...connectionLimits, unprovenFor });
  // Keyed by addresses, because over HTTP/2 a request's socket is a proxy of the TLS socket, and neither is the
  // accepted one.
  const places = new Map<string, ConnectionPlace>();
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    socket.once("close", () => places.delete(name));
    places.set(name, shares.enter(socket));
  });
  return { of: (socket) => places.get(nameOf(socket)) };
}

function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Ends): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
